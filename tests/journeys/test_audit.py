"""A made-up history of phones, decided by a real worker, against an independent model of the rules.

The model (`tests.auditor`) is written from the design alone. Both see the same records with the
same times, and every verdict, decision, dead letter and public state has to be the same.
"""

import asyncio
from collections import Counter

import pytest

from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.auditor.audit import differences
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.journeys.conftest import MOVED_TIME_PARTITIONS
from tests.journeys.journey import Clients
from tests.journeys.topic_dump import dump
from tests.property.history import History, generate

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVENTS = 4_000
DECIDED_WAIT_S = 60.0


async def test_worker_against_the_model(moved_time_kafka: str, moved_time_clients: Clients) -> None:
    history = generate(seed=20261123, events=EVENTS, devices=8, partitions=MOVED_TIME_PARTITIONS)
    await _publish(moved_time_clients, history)
    records = await _all_decided(moved_time_kafka)
    by_topic = {
        topic: [record for record in records if record.topic == topic]
        for topic in (DEVICE_EVENTS, VERDICTS, DECISIONS, DEAD_LETTERS, DEVICE_STATE)
    }
    assert len(by_topic[DEVICE_EVENTS]) >= EVENTS
    assert len(by_topic[DEAD_LETTERS]) >= len(history.malformed) > 0
    assert len(by_topic[DECISIONS]) > EVENTS / 10
    found = differences(
        by_topic[DEVICE_EVENTS],
        verdicts=by_topic[VERDICTS],
        decisions=by_topic[DECISIONS],
        dead_letters=by_topic[DEAD_LETTERS],
        device_states=by_topic[DEVICE_STATE],
        policy=Policy(version="1"),
    )
    assert found[:10] == []


async def _publish(clients: Clients, history: History) -> None:
    acknowledged = [
        await clients.producer.send(
            DEVICE_EVENTS,
            record.value,
            key=record.key,
            partition=record.partition,
            timestamp_ms=record.timestamp_ms,
            headers=list(record.headers),
        )
        for record in history.records
    ]
    await asyncio.gather(*acknowledged)


async def _all_decided(servers: str) -> list[RawRecord]:
    """All records of all topics, once every input has its verdict or its dead letter."""
    topics = (DEVICE_EVENTS, VERDICTS, DECISIONS, DEAD_LETTERS, DEVICE_STATE)
    async with asyncio.timeout(DECIDED_WAIT_S):
        while True:
            records = await dump(servers, topics, partitions=MOVED_TIME_PARTITIONS)
            count = Counter(record.topic for record in records)
            if count[VERDICTS] + count[DEAD_LETTERS] >= count[DEVICE_EVENTS] > 0:
                return records
