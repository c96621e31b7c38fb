# Goal: the lag is true: to the record, in time, and unknown where it is not known.
import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from schemas.sizing import LOCAL
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, VERDICTS
from tests.kafka.commands.command_line import Ran
from tests.kafka.commands.phone import Phone
from tests.kafka.lane_logs import create_topics


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """A consumer group of the test's own."""
    name = f"tests-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("BIOLATCH_APPLICATION__GROUP_ID", name)
    return name


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> str:
    """An application of the test's own, whose workers have never run."""
    name = f"tests-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("BIOLATCH_APPLICATION__NAME", name)
    return name


async def commit(
    kafka: LocalKafka, group: str, offsets: Mapping[int, int], topic: str = DEVICE_EVENTS
) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        addresses = {TopicPartition(topic, number): at for number, at in offsets.items()}
        consumer.assign(list(addresses))
        await consumer.commit(addresses)
    finally:
        await consumer.stop()


def measured(ran: Ran) -> dict[int, dict[str, float | None]]:
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    return {each["partition"]: each for each in json.loads(ran.out)["partitions"]}


def test_a_group_is_behind_by_what_it_has_not_committed(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, group: str, tmp_path: Path
) -> None:
    phone = Phone()
    phone.event("enrollment.declined", user_id="user-1", channel="settings")
    assert biolatch("publish", phone.written(tmp_path)).code == ExitCode.OK
    home = partition_of(phone.device.encode(), LOCAL.partitions)

    before = measured(biolatch("lag", "--json"))
    assert [each["committed_offset"] for each in before.values()] == [None] * LOCAL.partitions
    assert all(
        each["offsets_behind"] == (each["end_offset"] or 0) - (each["start_offset"] or 0)
        for each in before.values()
    )
    assert (before[home]["seconds_behind"] or 0) > 0
    assert "No worker of this group has committed" in biolatch("lag").out

    ends = {number: int(each["end_offset"] or 0) for number, each in before.items()}
    asyncio.run(commit(topics_kafka, group, ends))
    caught_up = json.loads(biolatch("lag", "--json").out)
    assert (caught_up["offsets_behind"], caught_up["seconds_behind"]) == (0, 0)
    assert caught_up["group"] == group

    asyncio.run(commit(topics_kafka, group, ends | {home: ends[home] - 1}))
    behind = measured(biolatch("lag", "--json"))[home]
    assert behind["offsets_behind"] == 1
    assert (behind["seconds_behind"] or 0) > 0
    *_, last = biolatch("lag").out.splitlines()
    assert last.split()[:2] == ["all", "1"]


def test_markers_alone_are_no_time_behind(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, group: str
) -> None:
    key = Phone().device.encode()
    home = partition_of(key, LOCAL.partitions)

    async def abort_a_transaction() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=topics_kafka.bootstrap_servers, transactional_id=group
        )
        await producer.start()
        try:
            await producer.begin_transaction()
            await producer.send_and_wait(DEVICE_EVENTS, b"{}", key=key)
            await producer.abort_transaction()
        finally:
            await producer.stop()

    start = measured(biolatch("lag", "--json"))
    ends = {number: int(each["end_offset"] or 0) for number, each in start.items()}
    asyncio.run(commit(topics_kafka, group, ends))
    asyncio.run(abort_a_transaction())
    now = measured(biolatch("lag", "--json"))[home]
    # An aborted record and its marker take offsets, and nobody waits for either.
    assert (now["offsets_behind"], now["seconds_behind"]) == (2, 0)


def test_a_group_outside_of_what_the_topic_holds_is_pointed_out(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, group: str
) -> None:
    asyncio.run(commit(topics_kafka, group, {1: 10**12}))
    ran = biolatch("lag")
    assert "Partition 1: the group stands outside of what the topic holds." in ran.out
    assert measured(biolatch("lag", "--json"))[1]["offsets_behind"] == 0


def groups(ran: Ran) -> dict[tuple[str, str], dict[str, Any]]:
    """What is said of each group on each topic."""
    assert ran.code == ExitCode.OK, ran.err
    return {(each["group"], each["topic"]): each for each in json.loads(ran.out)["groups"]}


def test_every_agent_has_its_groups(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, application: str
) -> None:
    notifier, stream = f"{application}-notifier", f"{application}-signals-5eed"
    asyncio.run(commit(topics_kafka, notifier, {1: 0}, DECISIONS))
    [(reads, told)] = groups(biolatch("lag", "--agents", "notifier", "--json")).items()
    assert reads == (notifier, DECISIONS)
    committed = [each["committed_offset"] for each in told["partitions"]]
    assert committed == [None, 0, None, None]
    ran = biolatch("lag", "--agents", "notifier")
    assert ran.out.startswith(f"group {notifier} on {DECISIONS}\n")

    feed = [f"{application}-analytics-{each}" for each in ("verdicts", "decisions", "dead-letters")]
    assert list(groups(biolatch("lag", "--agents", "analytics", "--json"))) == [
        *zip(feed, (VERDICTS, DECISIONS, DEAD_LETTERS), strict=True)
    ]
    ran = biolatch("lag", "--agents", "analytics")
    assert ran.out.count("committed anything yet: biolatch run --agents analytics\n") == 3

    assert groups(biolatch("lag", "--agents", "signals", "--json")) == {}
    assert biolatch("lag", "--agents", "signals").out == (
        "There is no group of theirs yet: biolatch run --agents signals\n"
    )
    for topic in (VERDICTS, DECISIONS):
        asyncio.run(commit(topics_kafka, stream, {0: 0}, topic))
    of_signals = groups(biolatch("lag", "--agents", "signals", "--json"))
    assert list(of_signals) == [(stream, DECISIONS), (stream, VERDICTS)]

    parquet = biolatch("lag", "--agents", "parquet")
    assert parquet.out.startswith("The parquet agent has no group: ")
    as_json = biolatch("lag", "--agents", "parquet", "--json")
    assert (groups(as_json), as_json.err) == ({}, parquet.out)


def test_all_groups_of_an_application_stand_in_one_table(
    biolatch: Callable[..., Ran], topics_kafka: LocalKafka, application: str
) -> None:
    reader, topic, other = (f"{application}{each}" for each in ("-reader", "-topic", "x-reader"))

    async def set_up() -> None:
        await create_topics(topics_kafka.bootstrap_servers, topic, count=2)
        async with AIOKafkaProducer(bootstrap_servers=topics_kafka.bootstrap_servers) as producer:
            for _ in range(3):
                await producer.send_and_wait(topic, b"{}", key=b"k", partition=1)
        await commit(topics_kafka, reader, {1: 1}, topic)
        await commit(topics_kafka, other, {1: 1}, topic)

    asyncio.run(set_up())
    told = groups(biolatch("lag", "--all", "--json"))
    # The workers' own group reads the input, whether or not it has ever run.
    assert list(told) == [(application, DEVICE_EVENTS), (reader, topic)]
    assert told[reader, topic]["offsets_behind"] == 2
    assert told[reader, topic]["seconds_behind"] > 0
    behind = {each["partition"]: each for each in told[reader, topic]["partitions"]}
    assert (behind[0]["offsets_behind"], behind[0]["seconds_behind"]) == (0, 0)

    ran = biolatch("lag", "--all")
    heading, workers, line, without = ran.out.splitlines()
    assert heading.split() == ["group", "topic", "offsets", "behind", "behind"]
    assert workers.split()[:2] == [application, DEVICE_EVENTS]
    assert line.split()[:3] == [reader, topic, "2"]
    assert without.startswith("The parquet agent has no group: ")

    asyncio.run(commit(topics_kafka, reader, {1: 9}, topic))
    stray = f"Partition 1 of {topic}: group {reader} stands outside of what the topic holds."
    assert stray in biolatch("lag", "--all").out
    assert groups(biolatch("lag", "--all", "--json"))[reader, topic]["seconds_behind"] is None
    assert biolatch("lag", "--all", "--agents", "notifier").code == ExitCode.USAGE
