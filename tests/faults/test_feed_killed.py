"""The security feed and its files while both processes are killed, again and again.

Goal: whatever was killed when, every record has its events in the files exactly once.
"""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from aiokafka import AIOKafkaProducer

from deploy.analytics.store import readable_files
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from events.decisions import Disabled
from events.verdicts import Accepted, Cause
from events.vocabulary import DisabledReason, Guidance
from schemas.topics import DEAD_LETTERS, DECISIONS, VERDICTS, topology
from tests.analytics.agent_process import AgentProcess
from tests.analytics.feed import Read, output_record
from tests.journeys.commands import biolatch_beside

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

PARTITIONS = 2
CAUSE = Cause("biolatch.attempt.finished.v1", "/login")
KEPT_WAIT_S = 200.0
SAID = {
    "policy_version": "1",
    "occurred_at": "2026-01-31T07:59:59.000Z",
    "cause": CAUSE,
    "guidance": Guidance.NONE,
}


class Publisher:
    """Writes verdicts, decisions and dead letters as workers do, and remembers what is due."""

    def __init__(self, servers: str, chance: random.Random) -> None:
        self._servers = servers
        self._chance = chance
        self.due: Counter[str] = Counter()
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        number = 0
        async with AIOKafkaProducer(
            bootstrap_servers=self._servers, enable_idempotence=True
        ) as producer:
            while not self.stopping.is_set():
                sent = []
                for _ in range(self._chance.randint(1, 40)):
                    number += 1
                    topic, record = self._record(number)
                    sent.append(
                        await producer.send(
                            topic,
                            record.value,
                            key=record.key,
                            headers=list(record.headers),
                            partition=number % PARTITIONS,
                        )
                    )
                await asyncio.gather(*sent)
                await asyncio.sleep(self._chance.random() / 10)

    def _record(self, number: int) -> tuple[str, Read]:
        # On either side of midnight, so that one stretch lies in two folders.
        ce_time = f"2026-02-0{1 + number % 2}T08:00:00.000Z"
        uid, device = f"biolatch.device-events/{number % PARTITIONS}/{number}", f"phone-{number}"
        if number % 7 == 0:
            self.due[f"{uid}/0"] += 1
            headers = [
                ("biolatch-original-topic", b"biolatch.device-events"),
                ("biolatch-original-partition", b"%d" % (number % PARTITIONS)),
                ("biolatch-original-offset", b"%d" % number),
                ("biolatch-original-timestamp", b"1769932800000"),
                ("biolatch-error-code", b"data.not_json"),
            ]
            return DEAD_LETTERS, Read(0, 0, device.encode(), b"{", headers)
        if number % 3 == 0:
            uid = f"{uid}/1"
            self.due |= {uid: 1, f"{uid}#5019": 1, f"{uid}#2004": 1}
            reason = DisabledReason.FAILURE_LIMIT
            disabled = Disabled(device_id=device, user_id="ana", bio_epoch=1, reason=reason, **SAID)
            return DECISIONS, output_record(disabled, ce_id=uid, ce_time=ce_time)
        self.due[f"{uid}/0"] += 1
        accepted = Accepted(device_id=device, user_id="ana", **SAID)
        return VERDICTS, output_record(accepted, ce_id=f"{uid}/0", ce_time=ce_time)


async def kill_now_and_then(
    agent: AgentProcess, serving: str, times: int, kills: int, chance: random.Random
) -> None:
    for _ in range(kills):
        await agent.until_said(serving, times)
        await asyncio.sleep(chance.random() * 2)
        await agent.end(signal.SIGKILL)
        await agent.start()


def kept(folder: Path) -> list[tuple[str, str, int, int]]:
    files = [str(file) for file in readable_files(folder)]
    if not files:
        return []
    with duckdb.connect() as database:
        return (
            database.read_parquet(files)
            .project("uid, log_name, kafka_partition, sequence")
            .fetchall()
        )


async def test_every_event_stands_in_the_files_exactly_once(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    servers, folder, chance = fresh_kafka.bootstrap_servers, tmp_path / "feed", random.Random(11)
    async with KafkaAdmin(servers) as admin:
        await apply(admin, topology(), Wishes(partitions=PARTITIONS))
    keys = tmp_path / "keys.json"
    await biolatch_beside(servers, "feed-key", "generate", str(keys))
    settings = {
        "BIOLATCH_ANALYTICS__MASK_KEYS_FILE": str(keys),
        "BIOLATCH_ANALYTICS__PARQUET_FOLDER": str(folder),
        "BIOLATCH_ANALYTICS__PARQUET_INTERVAL_S": "0.3",
        "BIOLATCH_ANALYTICS__PARQUET_DAYS_MAX": "3650",
        "BIOLATCH_LANE__BATCH_RECORDS_MAX": "50",
    }
    publisher = Publisher(servers, chance)
    publishing = asyncio.ensure_future(publisher.run())
    async with (
        AgentProcess("analytics", servers, tmp_path, settings) as analytics,
        AgentProcess("parquet", servers, tmp_path, settings) as parquet,
    ):
        lanes = 3 * PARTITIONS
        async with asyncio.TaskGroup() as killing:
            killing.create_task(kill_now_and_then(analytics, "lane.serving", lanes, 4, chance))
            killing.create_task(kill_now_and_then(parquet, "parquet.serving", 1, 8, chance))
        publisher.stopping.set()
        await publishing
        async with asyncio.timeout(KEPT_WAIT_S):
            while len(kept(folder)) < publisher.due.total():  # noqa: ASYNC110 (files tell nobody)
                await asyncio.sleep(0.5)
    rows = kept(folder)
    assert Counter(uid for uid, *_ in rows) == publisher.due
    numbered: dict[tuple[str, int], list[int]] = {}
    for _, log_name, partition, sequence in rows:
        numbered.setdefault((log_name, partition), []).append(sequence)
    assert len(numbered) == lanes
    for sequences in numbered.values():
        assert sorted(sequences) == list(range(1, len(sequences) + 1))
    assert len({file.parent.name for file in readable_files(folder)}) == 2
