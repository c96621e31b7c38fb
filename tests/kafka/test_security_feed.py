"""From the topics into the feed and into the files, on a real Kafka."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb
import pytest
from aiokafka import AIOKafkaProducer

from agents.analytics_settings import AnalyticsSettings
from agents.feed_keys import FeedKeys
from agents.kafka_settings import KafkaSettings
from agents.metrics.at_work import AtWork
from agents.setting_groups import ApplicationSettings
from agents.settings import Settings
from agents.supervise import Main
from agents.together import run_together
from deploy.analytics.parquet_file import write_rows
from deploy.analytics.sink import Sink
from deploy.analytics.store import opened, readable_files
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.topic_setup import Wishes, apply
from deploy.workers.analytics import workers
from events.errors import Misconfigured
from schemas.ocsf.masking import IdKind
from schemas.topics import topology
from tests.analytics.story import Story

WAIT_S = 60.0


@asynccontextmanager
async def running(main: Main) -> AsyncIterator[None]:
    """Runs it for the time of the block, and ends it in good order."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(main(stop))
    try:
        yield
        assert not task.done(), task.result()
    finally:
        stop.set()
        async with asyncio.timeout(WAIT_S):
            await task


async def publish(servers: str, device: str) -> None:
    """An accepted login, a change that disables, and an event that nobody could read."""
    story = Story()
    story.logs_in(device, "ana", 1)
    story.changes(device, 2)
    story.dead_letter("signature.missing", device, 3)
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for topic, record in story.inputs:
            await producer.send_and_wait(
                topic, record.value, key=record.key, headers=list(record.headers)
            )


async def test_what_was_decided_is_told_masked_and_kept_once(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    servers, name = kafka.bootstrap_servers, f"feed-{uuid.uuid4().hex[:8]}"
    keys = FeedKeys([uuid.uuid4().bytes * 2])
    device = f"phone-{name}"
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=servers),
        application=ApplicationSettings(name=name),
        analytics=AnalyticsSettings(parquet_interval_s=0.1, parquet_days_max=3650),
    )
    async with KafkaAdmin(servers) as admin:
        await apply(admin, topology(name), Wishes())
    await publish(servers, device)
    feed = [worker.run for worker in workers(settings, keys)]
    connection = Connection(bootstrap_servers=servers)
    at_work = AtWork("it does not read")
    with opened(tmp_path, write_rows) as store:
        sink = Sink(connection, store, settings.analytics, at_work)
        async with running(lambda stop: run_together(feed, stop)), running(sink.run):
            mask = keys(IdKind.DEVICE, device).uid
            async with asyncio.timeout(WAIT_S):
                while len(told := about(tmp_path, mask)) < 3:  # noqa: ASYNC110 (files tell nobody)
                    await asyncio.sleep(0.1)
    assert sorted((each["class_name"], each["status_detail"]) for each in told) == [
        ("Authentication", None),
        ("Detection Finding", "signature.missing"),
        ("Device Config State Change", "biometrics_changed"),
    ]
    assert len({each["uid"] for each in told}) == 3
    assert not [each for each in told if device in json.dumps(each)]
    # A topic that ends before what is kept is another topic.
    with opened(tmp_path, write_rows) as store:
        store.positions[0] = 10**12
        with pytest.raises(Misconfigured, match="the topic was made anew"):
            await Sink(connection, store, settings.analytics, at_work).run(asyncio.Event())


def about(folder: Path, mask: str) -> list[dict[str, object]]:
    """The events of a device that are kept."""
    files = [str(file) for file in readable_files(folder)]
    if not files:
        return []
    with duckdb.connect() as database:
        found = database.read_parquet(files).filter(f"device_uid = '{mask}'")
        rows = found.project("uid, class_name, status_detail, event").fetchall()
    return [
        dict(zip(("uid", "class_name", "status_detail", "event"), row, strict=True)) for row in rows
    ]
