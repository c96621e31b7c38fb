# Goal: dead letters are published again as they were, where their devices live, each once: however
# often the command is run, by however many people, and whenever it was killed.
import asyncio
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.lane.port import Partition
from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from deploy.records.topic_record import TopicRecord
from deploy.records.transactional_writer import TransactionalWriter, Write
from deploy.replay.letters import Fate, Selection
from deploy.replay.replaying import Replay, Task, replay
from deploy.topic_setup import Wishes, apply
from events.errors import TransientFailure
from schemas.dead_letters import Origin, dead_letter
from schemas.input_marks import REPLAY_OF_HEADER
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, topology
from tests.kafka.commands.command_line import Ran
from tests.kafka.commands.stored import stored

CODE = "data.field_missing"


class Letters:
    """Dead letters of devices that nobody else has, written without a worker."""

    def __init__(self, servers: str) -> None:
        self._servers = servers
        self.device = f"phone-{uuid.uuid4().hex[:12]}"
        self._written = 0

    async def write(self, values: Sequence[bytes], *, code: str = CODE) -> None:
        key = self.device.encode()
        number = partition_of(key, LOCAL.partitions)
        async with AIOKafkaProducer(bootstrap_servers=self._servers) as producer:
            for value in values:
                origin = Origin(DEVICE_EVENTS, number, 900_000 + self._written, 1)
                letter = dead_letter(
                    key, value, [("ce_id", b"%d" % self._written), ("x", None)],
                    origin=origin, code=code, message="staged",
                )  # fmt: skip
                self._written += 1
                _, sent, headers = letter
                await producer.send_and_wait(
                    DEAD_LETTERS, sent, key=key, headers=list(headers), partition=number
                )


@pytest.fixture(scope="module")
def topics_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker that no worker reads: one would answer what is published again."""
    broker = LocalKafka(tmp_path_factory.mktemp("replay"))

    async def begin() -> None:
        await broker.start()
        async with KafkaAdmin(broker.bootstrap_servers) as admin:
            await apply(admin, topology(), Wishes())

    asyncio.run(begin())
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture
def letters(topics_kafka: LocalKafka) -> Letters:
    return Letters(topics_kafka.bootstrap_servers)


def report(ran: Ran, code: int = ExitCode.OK) -> dict[str, int]:
    assert (ran.code, ran.err) == (code, "")
    by_fate: dict[str, int] = json.loads(ran.out)["by_fate"]
    return by_fate


def values(records: Sequence[TopicRecord]) -> list[bytes | None]:
    return [record.value for record in records]


async def test_letters_are_published_again_as_they_were_and_once(
    biolatch: Callable[..., Ran], letters: Letters, connection: Connection
) -> None:
    await letters.write([b"one", b"two"])
    await letters.write([b"three"], code="operator.skipped")

    async def ran(*options: str) -> Ran:
        arguments = ("dead-letters", "replay", "--device", letters.device, "--json", *options)
        return await asyncio.to_thread(biolatch, *arguments)

    assert report(await ran("--dry-run")) == {"published": 3}
    assert await stored(connection, device=letters.device) == []
    assert report(await ran("--code", CODE, "--from-offset", "900001")) == {"published": 1}
    assert report(await ran()) == {"published": 2, "already_replayed": 1}
    assert report(await ran()) == {"already_replayed": 3}

    records = await stored(connection, device=letters.device)
    assert values(records) == [b"two", b"one", b"three"]
    home = partition_of(letters.device.encode(), LOCAL.partitions)
    assert {record.partition.number for record in records} == {home}
    found = await stored(connection, DEAD_LETTERS, letters.device)
    marks = [f"{DEAD_LETTERS}/{home}/{letter.offset}".encode() for letter in found]
    assert [record.headers for record in records] == [
        (("ce_id", number), ("x", None), (REPLAY_OF_HEADER, mark))
        for number, mark in ((b"1", marks[1]), (b"0", marks[0]), (b"2", marks[2]))
    ]


async def test_what_is_not_wholly_known_is_left_and_said(
    biolatch: Callable[..., Ran], letters: Letters, connection: Connection
) -> None:
    await letters.write([b"x" * 200_000, b"whole"])
    ran = await asyncio.to_thread(biolatch, "dead-letters", "replay", "--device", letters.device)
    assert ran.code == ExitCode.FAILED
    assert "1  published again" in ran.out
    assert "1  refused: it was too large to be kept whole" in ran.out
    assert values(await stored(connection, device=letters.device)) == [b"whole"]


def task(letters: Letters, application: str) -> Task:
    return Task(
        application=application,
        selection=Selection(key=letters.device.encode()),
        since_ms=None,
        oldest_ms=None,
        dry_run=False,
    )


def fates(replays: Sequence[Replay]) -> list[Fate]:
    return [each.fate for each in replays]


async def test_a_replay_that_was_killed_is_settled_before_the_next_one_looks(
    letters: Letters, connection: Connection
) -> None:
    await letters.write([b"one", b"two"])
    application = f"tests-{uuid.uuid4().hex[:8]}"
    number = partition_of(letters.device.encode(), LOCAL.partitions)
    killed = TransactionalWriter(
        connection, f"{application}-{DEVICE_EVENTS}-replay", transaction_timeout_s=60
    )
    async with killed:
        stuck = killed._producer  # noqa: SLF001 - as a kill leaves it: begun and never ended
        await stuck.begin_transaction()
        await stuck.send_and_wait(
            DEVICE_EVENTS,
            b"one",
            key=letters.device.encode(),
            partition=number,
            headers=[(REPLAY_OF_HEADER, f"{DEAD_LETTERS}/{number}/0".encode())],
        )
        found = await replay(connection, task(letters, application))
        assert fates(found) == [Fate.PUBLISHED] * 2
        with pytest.raises(TransientFailure, match="Run the same command again"):
            await killed.commit([Write(Partition(DEVICE_EVENTS, number), b"k", b"v")])
    assert values(await stored(connection, device=letters.device)) == [b"one", b"two"]


async def test_two_people_at_once_publish_each_letter_once(
    letters: Letters, connection: Connection
) -> None:
    await letters.write([b"%d" % number for number in range(40)])
    application = f"tests-{uuid.uuid4().hex[:8]}"
    await asyncio.gather(
        *(replay(connection, task(letters, application)) for _ in range(3)), return_exceptions=True
    )
    await replay(connection, task(letters, application))
    found = values(await stored(connection, device=letters.device))
    assert found == [b"%d" % number for number in range(40)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Usage"),
        (["--all", "--device", "phone"], "say which letters, or --all"),
        (["--code", "no.such"], "data.field_missing"),
        (["--until", "soon"], "neither a time ago"),
    ],
)
def test_a_wrong_command_line_publishes_nothing(
    biolatch: Callable[..., Ran], options: list[str], said: str, tmp_path: Path
) -> None:
    del tmp_path
    ran = biolatch("dead-letters", "replay", *options)
    assert ran.code == ExitCode.USAGE
    assert said in " ".join((ran.out + ran.err).split())
