# Goal: a topic can be looked at from any point, by people and machines, and only what is committed.
import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.exit_codes import ExitCode
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_EVENTS, devices_changelog
from tests.kafka.commands.command_line import Program, Ran
from tests.kafka.commands.phone import Phone
from tests.kafka.commands.stored import stored_at_least


@pytest.fixture
def declined(biolatch: Callable[..., Ran], tmp_path: Path) -> Phone:
    """A phone of five events on the topic."""
    phone = Phone()
    for number in range(5):
        phone.event("enrollment.declined", user_id=f"user-{number}", channel="settings")
    assert biolatch("publish", phone.written(tmp_path)).code == ExitCode.OK
    return phone


def users(ran: Ran) -> list[str]:
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    return [json.loads(line)["value"]["user_id"] for line in ran.out.splitlines()]


def test_it_begins_and_ends_where_it_is_told(biolatch: Callable[..., Ran], declined: Phone) -> None:
    def tail(*options: str) -> list[str]:
        return users(
            biolatch("tail", "device-events", "--json", "--device", declined.device, *options)
        )

    every = [f"user-{number}" for number in range(5)]
    assert tail() == every
    assert tail("-n", "2") == every[-2:]
    assert tail("--last", "0") == []
    assert tail("--from-beginning") == every
    assert tail("--from-beginning", "--limit", "3") == every[:3]
    assert tail("--since", "1h") == every
    assert tail("--since", "0s") == []


def test_people_read_one_line_for_each_record(
    biolatch: Callable[..., Ran], declined: Phone
) -> None:
    ran = biolatch("tail", "biolatch.device-events", "-n", "1", "--device", declined.device)
    (line,) = ran.out.splitlines()
    assert line[14:] == "  enrollment.declined   settings  user-4"
    ran = biolatch("tail", "device-events", "-n", "1")
    assert ran.out[14:].startswith(f"  {declined.device}")


def test_machines_read_everything_that_the_record_holds(
    biolatch: Callable[..., Ran], declined: Phone
) -> None:
    ran = biolatch("tail", "device-events", "-n", "1", "--json", "--device", declined.device)
    shown, sent = json.loads(ran.out), json.loads(declined.lines[-1])
    assert shown.pop("offset") >= 4
    assert shown.pop("timestamp") >= sent["time"]
    assert shown == {
        "topic": DEVICE_EVENTS,
        "partition": partition_of(declined.device.encode(), LOCAL.partitions),
        "key": declined.device,
        "headers": {
            **{f"ce_{name}": text for name, text in sent.items() if name != "data"},
            "content-type": "application/json",
        },
        "value": sent["data"],
    }


async def _topic_with_transactions(kafka: LocalKafka, topic: str) -> None:
    """An aborted record, then a committed one; on a topic that nobody else reads."""
    async with KafkaAdmin(kafka.bootstrap_servers) as admin:
        await admin.create(topic, partitions=1, replication=1, settings={})
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap_servers, transactional_id=f"tests-{topic}"
    )
    await producer.start()
    try:
        for value, is_kept in ((b"aborted", False), (b"committed", True)):
            await producer.begin_transaction()
            await producer.send_and_wait(topic, value, key=b"a-key")
            if is_kept:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
    finally:
        await producer.stop()


def test_what_was_aborted_is_never_shown(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = Phone("tests").device
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", application)
    topic = devices_changelog(application)
    asyncio.run(_topic_with_transactions(topics_kafka, topic))
    for options in (["--from-beginning"], ["-n", "9"]):
        ran = biolatch("tail", topic, "--json", *options)
        assert [json.loads(line)["value"] for line in ran.out.splitlines()] == ["committed"]


def test_a_follower_shows_what_comes_and_ends_at_its_limit_or_ctrl_c(
    biolatch: Callable[..., Ran],
    topics_kafka: LocalKafka,
    connection: Connection,
    declined: Phone,
    tmp_path: Path,
) -> None:
    options = ("tail", "device-events", "--follow", "--json", "--device", declined.device)
    with (
        Program(topics_kafka.bootstrap_servers, *options, "-n", "1", "--limit", "2") as limited,
        Program(topics_kafka.bootstrap_servers, *options, "-n", "1") as endless,
    ):
        for program in (limited, endless):
            assert json.loads(program.next_line())["value"]["user_id"] == "user-4"
        declined.lines = []
        declined.event("enrollment.declined", user_id="user-5", channel="settings")
        assert biolatch("publish", declined.written(tmp_path)).code == ExitCode.OK
        asyncio.run(stored_at_least(connection, 6, device=declined.device))
        for program in (limited, endless):
            assert json.loads(program.next_line())["value"]["user_id"] == "user-5"
        assert limited.end() == Ran(ExitCode.OK, "", "")
        endless.interrupt()
        assert endless.end() == Ran(ExitCode.INTERRUPTED, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tail", "verdict"], "choose one of device-events, verdicts"),
        (["tail", "verdicts", "--since", "soon"], "neither a time ago"),
        (["tail", "verdicts", "--since", "1h", "--from-beginning"], "not both"),
        (["dead-letters", "list", "--code", "no.such"], "data.field_missing"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(
    arguments: list[str], said: str, biolatch: Callable[..., Ran]
) -> None:
    ran = biolatch(*arguments)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert said in " ".join(ran.err.split())


def test_a_topic_that_is_missing_is_said_to_need_creation(
    biolatch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", "other")
    ran = biolatch("tail", "other-devices-changelog")
    assert (ran.code, ran.out) == (ExitCode.MISCONFIGURED, "")
    assert "`biolatch topics apply`" in ran.err
