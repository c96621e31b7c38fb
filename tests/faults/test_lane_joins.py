"""A lone event that comes just when partitions move must not wait for the next one.

Whatever is fetched while an assignment is under way belongs to a lane that is closed already, or to
one that is only opening; a batch that nobody took was once forgotten until another event came.
And a partition that stays with its worker is not read again.
"""

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.local import LocalKafka
from tests.faults.lane_workers import (
    CHANGELOG,
    INPUT,
    OUTPUT,
    PARTITIONS,
    WorkerProcess,
    caught_up,
    judge,
)
from tests.kafka.lane_logs import create_topics

ROUNDS = 4
EVENTS_EACH = 3


@pytest.mark.long
async def test_lone_events_are_decided_while_partitions_move(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    servers = fresh_kafka.bootstrap_servers
    await create_topics(servers, INPUT, OUTPUT, CHANGELOG, count=PARTITIONS)
    staying = WorkerProcess("staying", servers, tmp_path)
    coming = WorkerProcess("coming", servers, tmp_path)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        try:
            await staying.start()
            await staying.joined()
            for _ in range(ROUNDS):
                await coming.start()
                joining = asyncio.ensure_future(coming.joined())
                while not joining.done():  # one event at a time, so that none pushes another
                    await _publish(producer)
                    await caught_up(servers)
                await _publish(producer)
                await caught_up(servers)
                await coming.end(signal.SIGTERM)
                await _publish(producer)
                await caught_up(servers)
            assert await judge(servers) >= ROUNDS * EVENTS_EACH * PARTITIONS
            # Each time half of the partitions leave and come back; the others are not read again.
            assert staying.openings() == PARTITIONS + ROUNDS * PARTITIONS // 2
        finally:
            await coming.end(signal.SIGKILL)
            await staying.end(signal.SIGKILL)


async def _publish(producer: AIOKafkaProducer) -> None:
    for number in range(PARTITIONS):
        await producer.send_and_wait(INPUT, b"lone", key=b"key", partition=number)
