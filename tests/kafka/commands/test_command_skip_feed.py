# Goal: a record that stops a lane of the security feed is skipped by the very command that its
# worker names: in that lane, once, without the keys of the feed, while the worker runs.
import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from agents.app import Worker
from agents.feed_keys import FeedKeys
from agents.kafka_settings import KafkaSettings
from agents.lane.port import Partition
from agents.setting_groups import ApplicationSettings, LaneSettings
from agents.settings import Settings
from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.topic_record import TopicRecord
from deploy.topic_setup import Wishes, apply
from deploy.workers.analytics import workers
from schemas.ocsf.masking import IdKind, Masked
from schemas.topics import DEAD_LETTERS, VERDICTS, topology
from tests.analytics.story import Story
from tests.kafka.commands.command_line import Ran
from tests.kafka.commands.stored import stored, stored_at_least
from tests.kafka.lane_world import WAIT_S, until

ZERO = Partition(VERDICTS, 0)
SKIP = ("skip", "--agents", "analytics", "--lane")


class Stumbling(FeedKeys):
    """Cannot mask one device: a fault of ours."""

    def __init__(self, device: str) -> None:
        super().__init__([uuid.uuid4().bytes * 2])
        self._device: Final = device

    def __call__(self, kind: IdKind, identifier: str, /) -> Masked:
        if identifier == self._device:
            raise ValueError(identifier)
        return super().__call__(kind, identifier)


@pytest.fixture
async def settings(topics_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an application of the test's own."""
    name = f"skips-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", name)
    async with KafkaAdmin(topics_kafka.bootstrap_servers) as admin:
        await apply(admin, topology(name), Wishes())
    return Settings(
        kafka=KafkaSettings(bootstrap_servers=topics_kafka.bootstrap_servers),
        application=ApplicationSettings(name=name),
        lane=LaneSettings(parked_check_s=0.1),
    )


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.ensure_future(worker.run(stop))
    try:
        yield
        assert not task.done(), task.result()
    finally:
        stop.set()
        async with asyncio.timeout(WAIT_S):
            await task


async def publish(settings: Settings, story: Story) -> list[int]:
    """Write what was told to partition 0; return the offsets."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers) as producer:
        sent = [
            await producer.send_and_wait(
                topic, record.value, key=record.key, headers=[*record.headers], partition=0
            )
            for topic, record in story.inputs
        ]
    return [each.offset for each in sent]


def headers_of(letters: list[TopicRecord], topic: str, offset: int) -> list[dict[str, bytes]]:
    """Of the letters of the record that stood there."""
    given = [{name: value or b"" for name, value in each.headers} for each in letters]
    return [
        each
        for each in given
        if each["biolatch-original-topic"] == topic.encode()
        and each["biolatch-original-offset"] == b"%d" % offset
    ]


async def test_the_command_that_a_parked_lane_names_frees_it(
    settings: Settings, connection: Connection, biolatch: Callable[..., Ran]
) -> None:
    device, behind = f"phone-{uuid.uuid4().hex}", f"phone-{uuid.uuid4().hex}"
    story = Story()
    story.logs_in(device, "ana", 1)
    story.logs_in(behind, "ana", 2)
    stopping, last = await publish(settings, story)
    worker, *_ = workers(settings, Stumbling(device))
    # Its log would stand among what the command prints.
    with capture_logs():
        async with running(worker):
            await frees_it(worker, biolatch, device, stopping, last)
    [letter] = headers_of(await stored(connection, DEAD_LETTERS, device), VERDICTS, stopping)
    assert letter["biolatch-error-code"] == b"operator.skipped"


async def frees_it(
    worker: Worker, biolatch: Callable[..., Ran], device: str, stopping: int, last: int
) -> None:
    await until(lambda: ZERO in worker.status.parked)
    [named] = re.findall("run `biolatch (.*?)`", worker.status.parked[ZERO])
    assert named.split() == [*SKIP, "verdicts", "0", str(stopping)]

    too_far = await asyncio.to_thread(biolatch, *SKIP, "verdicts", "0", str(last))
    assert (too_far.code, too_far.out) == (ExitCode.FAILED, "")
    assert too_far.err.endswith(f"it: biolatch {named}\n"), too_far.err

    # The worker looks again and again whether it may go on: it may be in the way just then.
    ran = await asyncio.to_thread(biolatch, *named.split())
    while ran.code == ExitCode.UNAVAILABLE:
        ran = await asyncio.to_thread(biolatch, *named.split())
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith(f"Skipped verdicts/0/{stopping}, of device {device}.\n")
    await until(lambda: (worker.status.lane(ZERO).position or 0) > last)
    assert worker.status.parked == {}

    again = await asyncio.to_thread(biolatch, *named.split(), "--json")
    assert again.code == ExitCode.FAILED
    refusal = {"skipped": False, "topic": VERDICTS, "partition": 0, "offset": stopping}
    assert json.loads(again.out) == refusal | {"next_offset": None}


async def test_a_dead_letter_that_is_skipped_is_a_dead_letter_again(
    settings: Settings, connection: Connection, biolatch: Callable[..., Ran]
) -> None:
    device = f"phone-{uuid.uuid4().hex}"
    story = Story()
    story.dead_letter("envelope.type_unknown", device, 1)
    await publish(settings, story)
    command = (*SKIP, "dead-letters", "0")
    elsewhere = await asyncio.to_thread(biolatch, *command, str(2**40), "--json")
    first = json.loads(elsewhere.out)["next_offset"]

    ran = await asyncio.to_thread(biolatch, *command, str(first), "--json")

    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert json.loads(ran.out)["topic"] == DEAD_LETTERS
    letters = await stored_at_least(connection, 2, DEAD_LETTERS)
    assert [each["biolatch-error-code"] for each in headers_of(letters, DEAD_LETTERS, first)] == [
        b"operator.skipped"
    ]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--agents", "analytics"), "verdicts, decisions, dead-letters"),
        (("--lane", "verdicts"), "only --agents analytics has lanes"),
        (("--agents", "notifier"), "docs/runbooks/partition-parked.md"),
        (("--agents", "signals"), "no record of a shared signal parks"),
        (("--agents", "parquet"), "it decides nothing"),
    ],
)
def test_where_nothing_can_be_skipped_it_says_why(
    biolatch: Callable[..., Ran], arguments: tuple[str, ...], why: str
) -> None:
    ran = biolatch("skip", "0", "0", *arguments)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert why in " ".join(ran.err.replace("│", " ").split())
