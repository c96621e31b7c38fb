"""The full rules under kill -9: two real workers, a random history, and the independent model.

Every verdict, decision, dead letter and public state has to be what the model says, once and in
order, although the workers that wrote them were killed in the middle.
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS, topology
from tests.auditor.audit import differences
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.journeys.topic_dump import dump
from tests.property.history import generate

PARTITIONS = 3
EVENTS = 6_000
KILLS = 5
WAIT_S = 90.0
PROGRAM = Path(sys.executable).with_name("biolatch")
TOPICS = (DEVICE_EVENTS, VERDICTS, DECISIONS, DEAD_LETTERS, DEVICE_STATE)


@pytest.mark.timeout(240)
async def test_the_model_agrees_whoever_is_killed(fresh_kafka: LocalKafka, tmp_path: Path) -> None:
    servers = fresh_kafka.bootstrap_servers
    await _make_topics(servers)
    seed = int(os.environ.get("LANE_FAULT_SEED", "20261123"))
    print(f"LANE_FAULT_SEED={seed}")  # noqa: T201 - shown when it fails
    history = generate(seed=seed, events=EVENTS, devices=9, partitions=PARTITIONS)
    workers = [await _worker(servers, tmp_path) for _ in range(2)]
    publishing = asyncio.ensure_future(_publish(servers, history.records))
    try:
        chance = random.Random(seed)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.5, 2.5))  # a kill comes when it comes
            victim = chance.randrange(2)
            workers[victim].kill()
            await workers[victim].wait()
            workers[victim] = await _worker(servers, tmp_path)
        await publishing
        records = await _all_decided(servers)
    finally:
        publishing.cancel()
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            await worker.wait()
    by_topic = {topic: [each for each in records if each.topic == topic] for topic in TOPICS}
    assert len(by_topic[DEVICE_EVENTS]) == EVENTS
    found = differences(
        by_topic[DEVICE_EVENTS],
        verdicts=by_topic[VERDICTS],
        decisions=by_topic[DECISIONS],
        dead_letters=by_topic[DEAD_LETTERS],
        device_states=by_topic[DEVICE_STATE],
        policy=Policy(version="1"),
    )
    assert found[:10] == []


async def _make_topics(servers: str) -> None:
    """The topics of biolatch, but the input keeps the times of the history."""
    async with KafkaAdmin(servers) as admin:
        for topic in topology().topics:
            settings = topic.settings(replication=1)
            if topic.name == DEVICE_EVENTS:
                settings |= {
                    "message.timestamp.type": "CreateTime",
                    "message.timestamp.after.max.ms": str(2**63 - 1),
                    "retention.ms": "-1",
                }
            await admin.create(topic.name, partitions=PARTITIONS, replication=1, settings=settings)


async def _worker(servers: str, folder: Path) -> asyncio.subprocess.Process:
    with (folder / "workers.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            "run",
            env={**os.environ, "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": servers},
            stderr=log,
        )


async def _publish(servers: str, records: list[RawRecord]) -> None:
    """Some dozens at a time, so that the kills fall between and into many transactions."""
    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        for start in range(0, len(records), 40):
            sent = [
                await producer.send(
                    DEVICE_EVENTS,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    timestamp_ms=record.timestamp_ms,
                    headers=list(record.headers),
                )
                for record in records[start : start + 40]
            ]
            await asyncio.gather(*sent)
            await asyncio.sleep(0.08)


async def _all_decided(servers: str) -> list[RawRecord]:
    async with asyncio.timeout(WAIT_S):
        while True:
            records = await dump(servers, TOPICS, partitions=PARTITIONS)
            count = Counter(record.topic for record in records)
            if count[VERDICTS] + count[DEAD_LETTERS] >= count[DEVICE_EVENTS]:
                return records
