"""A big crowd: every phone has its row, events go on, and then a worker is killed.

The others have to read its rows back, which are many, before they go on. The auditor judges one
partition after another, for all of them at once would not fit into memory.
"""

import asyncio
import random
import shutil
import signal
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import pytest

from deploy.bench.phone_history import PhoneHistory
from deploy.bench.prefill import Load, prefill
from deploy.kafka.admin import KafkaAdmin
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.topic_setup import Wishes, apply
from schemas.topics import DEVICE_EVENTS, topology
from tests.faults.campaign import PARTITIONS, WORKERS, campaign_kafka
from tests.faults.campaign_figures import Figures
from tests.faults.campaign_judgement import Evidence, judge
from tests.faults.campaign_size import COUNTS, SETTINGS
from tests.faults.devices_worker import DevicesWorker
from tests.faults.group_watch import GroupWatch
from tests.faults.load import Acknowledged

NAME = "big-crowd"
DEVICES = COUNTS.crowd_devices
ENROLLED = DEVICES - DEVICES // 50
"""One phone in fifty has no biometrics at first."""

EVENTS = max(3000, DEVICES // 4)
"""Published behind the enrollments; the kill comes when half of them are."""

LOOK_S = 0.05


@pytest.mark.long
@pytest.mark.timeout(COUNTS.run_s_max)
async def test_every_event_of_a_big_crowd_is_decided_once() -> None:
    SETTINGS.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f"{NAME}-{SETTINGS.seed}-", dir=SETTINGS.folder.absolute()))
    print(f"FAULTS_SEED={SETTINGS.seed}, logs in {folder}")  # noqa: T201 - shown when it fails
    started_s = time.monotonic()
    async with campaign_kafka(folder / "kafka") as kafka:
        servers = kafka.bootstrap_servers
        async with KafkaAdmin(servers) as admin:
            await apply(admin, topology(), Wishes(partitions=PARTITIONS))
        watch = GroupWatch(servers, PARTITIONS)
        workers = [DevicesWorker(f"worker-{n}", servers, folder) for n in range(WORKERS)]
        watching = asyncio.create_task(watch.run())
        try:
            for worker in workers:
                await worker.start()
            for worker in workers:
                await worker.joined()
            load = await _publish_and_kill(servers, watch, workers)
            await _until_committed(watch, load.total)
            for worker in workers:
                await worker.joined()
            assert [await worker.end(signal.SIGTERM) for worker in workers] == [0] * WORKERS
            watch.stop()
            await watching
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for worker in workers:
                await worker.kill()
        counts, found = await _judge(servers, watch)
    Figures(
        scenario=NAME,
        seed=SETTINGS.seed,
        size=SETTINGS.size,
        duration_s=round(time.monotonic() - started_s),
        faults={f"kill -9 of a worker amid {ENROLLED:,} rows": 1},
        published_again=0,
        looks_at_the_group=len(watch.seen),
        **counts,
    ).keep(SETTINGS.folder)
    assert found[:10] == []
    assert (load.total, counts["events"]) == (ENROLLED + EVENTS, ENROLLED + EVENTS)
    shutil.rmtree(folder)


async def _publish_and_kill(servers: str, watch: GroupWatch, workers: list[DevicesWorker]) -> Load:
    """Publish everything; amid the events, when all rows are there, a worker is killed once."""
    half_published = asyncio.Event()

    def look(published: int) -> None:
        if published >= ENROLLED + EVENTS // 2:
            half_published.set()

    async def kill() -> None:
        await half_published.wait()
        await _until_committed(watch, ENROLLED)
        victim = random.Random(f"{SETTINGS.seed} {NAME}").choice(workers)
        await victim.kill()
        await victim.start()

    killing = asyncio.create_task(kill())
    async with TopicReader(Connection(bootstrap_servers=servers)) as reader:
        history = PhoneHistory(seed=SETTINGS.seed, devices=DEVICES)
        load = await prefill(reader, DEVICE_EVENTS, history, events=EVENTS, on_published=look)
    await killing
    return load


async def _until_committed(watch: GroupWatch, least: int) -> None:
    while sum((await watch.committed()).values()) < least:  # noqa: ASYNC110 - Kafka tells when asked
        await asyncio.sleep(LOOK_S)


async def _judge(servers: str, watch: GroupWatch) -> tuple[dict[str, int | float], list[str]]:
    """What was counted, and what is wrong, of all partitions."""
    counts: Counter[str] = Counter()
    found: list[str] = []
    longest_wait_s = 0.0
    for number in range(PARTITIONS):
        evidence = await Evidence.read(servers, watch, [], partitions=[number])
        inputs = evidence.by_topic[DEVICE_EVENTS]
        # The broker dates an event when it appends it, and confirms it then.
        appended = [
            Acknowledged(each.partition, each.offset, each.timestamp_ms, each) for each in inputs
        ]
        judged = judge(replace(evidence, acknowledged=appended))
        found += judged.differences
        longest_wait_s = max(longest_wait_s, judged.counts.pop("longest_wait_s"))
        counts.update(judged.counts)
    return {**counts, "longest_wait_s": longest_wait_s}, found
