"""Two workers under load, hurt in every way at hand: every event has one verdict, in order.

The worlds are seeded; how long the trouble lasts is a matter of size, see `campaign_size`.
"""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from tests.faults.campaign_size import COUNTS, SETTINGS
from tests.faults.lane_workers import (
    CHANGELOG,
    INPUT,
    OUTPUT,
    PARTITIONS,
    Publisher,
    WorkerProcess,
    caught_up,
    judge,
)
from tests.kafka.lane_logs import create_topics

ROUNDS = COUNTS.lane_rounds
KILLS = 5


@pytest.mark.long
@pytest.mark.timeout(120 + 90 * ROUNDS)
async def test_no_event_is_lost_or_decided_twice_whatever_is_killed(
    fresh_kafka: LocalKafka, tmp_path: Path
) -> None:
    print(f"FAULTS_SEED={SETTINGS.seed}")  # noqa: T201 - shown when it fails
    chance = random.Random(SETTINGS.seed)
    servers = fresh_kafka.bootstrap_servers
    await create_topics(servers, INPUT, OUTPUT, CHANGELOG, count=PARTITIONS)
    workers = [WorkerProcess(f"worker-{number}", servers, tmp_path) for number in range(2)]
    publisher = Publisher(servers, chance, pause_s=0.02)
    publishing = asyncio.ensure_future(publisher.run())
    try:
        for worker in workers:
            await worker.start()
        for round_number in range(ROUNDS):
            publisher.extra.append(f"crash-once:{tmp_path}/mark-{round_number}".encode())
            await _trouble(chance, workers, fresh_kafka)
        publisher.stop()
        await publishing
        await caught_up(servers)
        codes = [await worker.end(signal.SIGTERM) for worker in workers]
        events = await judge(servers)
    finally:
        publishing.cancel()
        for worker in workers:
            await worker.end(signal.SIGKILL)
    assert codes == [0, 0]
    assert events > 1000
    assert all((tmp_path / f"mark-{number}").exists() for number in range(ROUNDS))


async def _trouble(chance: random.Random, workers: list[WorkerProcess], kafka: LocalKafka) -> None:
    """A restart in good order, five kills, a pause, and a broker that dies and comes back."""
    for worker in workers:
        await worker.joined()
    await asyncio.sleep(1)
    assert await workers[0].end(signal.SIGTERM) == 0
    await workers[0].start()
    await workers[0].joined()
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.5, 3))
        hurt = chance.choice(workers)
        await hurt.end(signal.SIGKILL)
        await asyncio.sleep(chance.uniform(0, 1))
        await hurt.start()
    await asyncio.sleep(chance.uniform(1, 4))
    stunned = chance.choice(workers)
    stunned.signal(signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(1, 8))
    stunned.signal(signal.SIGCONT)
    await asyncio.sleep(chance.uniform(0, 2))
    await kafka.kill()
    await kafka.start()
    await asyncio.sleep(3)
