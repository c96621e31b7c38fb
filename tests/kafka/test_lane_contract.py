"""What a lane relies on, held against the log in memory and against Apache Kafka alike.

Every expectation is written by hand: the two are not compared with each other.
"""

import random
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from agents.lane.log import LogFailure, LogRefusal
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_logs import LogUnderTest, MemoryUnderTest, kafka_under_test, write


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def servers(request: pytest.FixtureRequest) -> str | None:
    # Not asynchronous: the broker's fixture runs an event loop of its own.
    if request.param == "memory":
        return None
    broker: LocalKafka = request.getfixturevalue("kafka")
    return broker.bootstrap_servers


@pytest.fixture
async def log(servers: str | None) -> AsyncIterator[LogUnderTest]:
    if servers is None:
        yield MemoryUnderTest()
    else:
        async with kafka_under_test(servers) as kafka:
            yield kafka


async def test_all_of_a_transaction_is_there_when_it_is_committed(log: LogUnderTest) -> None:
    session = await log.lane().open()
    rows: dict[bytes, bytes | None] = {b"a": b"1", b"b": b"2"}

    await write(session, [b"x", b"y"], output=log.output, rows=rows, next_offset=7).commit()
    await session.close()

    assert await log.committed(log.output) == [(b"k", b"x"), (b"k", b"y")]
    assert await log.committed(log.output, number=1) == []
    assert sorted(await log.committed(log.changelog)) == [(b"a", b"1"), (b"b", b"2")]
    assert await log.group_offset() == 7
    assert await log.group_offset(number=1) in (None, -1)


async def test_a_later_session_reads_the_last_value_of_every_key(log: LogUnderTest) -> None:
    first = await log.lane().open()
    await write(first, output=log.output, rows={b"a": b"1", b"b": b"2", b"\x00p": b"3"}).commit()
    await write(first, output=log.output, rows={b"a": b"4", b"b": None}).commit()
    await first.close()

    second = await log.lane().open()
    restored = await second.restore()
    await second.close()

    assert restored.rows == {b"a": b"4", b"\x00p": b"3"}
    assert restored.records_read == 5
    assert restored.end == await log.lane().changelog_end()


async def test_an_empty_changelog_restores_to_nothing(log: LogUnderTest) -> None:
    session = await log.lane().open()

    assert await session.restore() == ({}, 0, 0)
    await session.close()


async def test_a_session_is_fenced_by_the_next_one(log: LogUnderTest) -> None:
    first = await log.lane().open()
    await write(first, [b"x"], output=log.output, rows={b"a": b"1"}).commit()
    second = await log.lane().open()

    with pytest.raises(LogFailure, match="fenced"):
        await write(first, [b"late"], output=log.output, rows={b"a": b"late"}).commit()

    await first.close()
    assert (await second.restore()).rows == {b"a": b"1"}
    await write(second, [b"y"], output=log.output, rows={b"a": b"2"}).commit()
    await second.close()
    assert await log.committed(log.output) == [(b"k", b"x"), (b"k", b"y")]


async def test_partitions_are_fenced_apart(log: LogUnderTest) -> None:
    zero = await log.lane(0).open()
    one = await log.lane(1).open()

    await write(zero, [b"x"], output=log.output).commit()
    await write(one, [b"y"], output=log.output).commit()

    await zero.close()
    await one.close()
    assert await log.committed(log.output, number=0) == [(b"k", b"x")]
    assert await log.committed(log.output, number=1) == [(b"k", b"y")]


async def test_a_value_is_found_in_another_partition_and_not_in_its_own(log: LogUnderTest) -> None:
    zero = await log.lane(0).open()
    await write(zero, output=log.output, rows={b"p": b"1", b"q": b"2"}).commit()
    await write(zero, output=log.output, rows={b"p": b"3", b"q": None}).commit()
    one = await log.lane(1).open()

    assert await one.value_elsewhere(b"p") == b"3"
    assert await one.value_elsewhere(b"q") is None
    assert await zero.value_elsewhere(b"p") is None

    await zero.close()
    await one.close()


async def test_the_changelog_end_moves_only_when_somebody_writes(log: LogUnderTest) -> None:
    session = await log.lane().open()
    restored = await session.restore()
    await session.close()
    assert await log.lane().changelog_end() == restored.end

    other = await log.lane().open()
    assert await log.lane().changelog_end() == restored.end
    await write(other, output=log.output, rows={b"a": b"1"}).commit()
    await other.close()

    assert await log.lane().changelog_end() > restored.end


async def test_bounds_follow_the_input(log: LogUnderTest) -> None:
    assert await log.lane().bounds() == (0, 0, 2)

    await log.publish(b"x", b"y")

    assert await log.lane().bounds() == (0, 2, 2)
    assert await log.lane(1).bounds() == (0, 0, 2)


async def test_fetches_adjoin_each_other_also_across_what_was_aborted(log: LogUnderTest) -> None:
    await log.publish(b"a", b"b", b"c")
    await log.publish_aborted(b"never", b"ever")
    await log.publish(b"d")
    await log.publish_aborted(b"nor this")

    batches = await log.fetch(0, records_max=2)

    assert [record.value for batch in batches for record in batch.records] == [
        b"a",
        b"b",
        b"c",
        b"d",
    ]
    # 3 records, 2 aborted and their marker, 1 record, 1 aborted and its marker.
    assert batches[0].before == 0
    assert batches[-1].after == 9
    assert all(left.after == right.before for left, right in pairwise(batches))
    assert all(
        batch.before <= record.offset < batch.after for batch in batches for record in batch.records
    )


async def test_many_and_large_records_keep_their_order(log: LogUnderTest) -> None:
    # 3 MB: more than one record batch takes, and each record less than a topic refuses.
    values = [b"%d" % number + b"." * 100_000 for number in range(30)]
    session = await log.lane().open()

    await write(session, values, output=log.output, rows={b"a": b"1"}).commit()
    await session.close()

    assert [value for _, value in await log.committed(log.output)] == values


async def test_a_record_that_no_topic_takes_is_refused(log: LogUnderTest) -> None:
    session = await log.lane().open()

    with pytest.raises(LogRefusal):
        await write(session, [random.Random(1).randbytes(1_100_000)], output=log.output).commit()

    await session.close()
    assert await log.committed(log.output) == []


async def test_a_session_that_is_closed_in_a_transaction_leaves_nothing(log: LogUnderTest) -> None:
    session = await log.lane().open()
    with pytest.raises(LogFailure):
        await write(session, [b"x"], output="no-such-topic", rows={b"a": b"1"}).commit()
    await session.close()

    again = await log.lane().open()
    assert (await again.restore()).rows == {}
    await again.close()
