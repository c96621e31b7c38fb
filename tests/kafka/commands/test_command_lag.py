# Goal: the lag is true: to the record, in time, and unknown where it is not known.
import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from deploy.records.partitioner import partition_of
from schemas.sizing import LOCAL
from schemas.topics import DEVICE_EVENTS
from tests.kafka.commands.command_line import Ran
from tests.kafka.commands.phone import Phone


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> str:
    """A consumer group of the test's own."""
    name = f"tests-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("BIOLATCH_APPLICATION__GROUP_ID", name)
    return name


async def commit(kafka: LocalKafka, group: str, offsets: Mapping[int, int]) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        addresses = {TopicPartition(DEVICE_EVENTS, number): at for number, at in offsets.items()}
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
