"""Fetching from a partition that cannot be read on: nothing is passed over, nobody else suffers."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.lane.kafka.group import GroupReader, PositionLost, Unreadable
from agents.lane.kafka.record_batches import WholeBatches, _Batch, replace_record_parsing
from agents.lane.log import FetchedBatch
from agents.lane.port import Partition
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_logs import KafkaUnderTest, kafka_under_test

ZERO, ONE = 0, 1


class Fragile:
    """Checks batches until one of them breaks it; stands for whatever bytes may do to a reader."""

    def __init__(self) -> None:
        self.broken_by: bytes | None = b"bad"

    def check(self, batch: _Batch) -> bool:
        if self.broken_by is not None and self.broken_by in bytes(batch.raw):
            raise ValueError("no batch")
        return True


@pytest.fixture
async def log(kafka: LocalKafka) -> AsyncIterator[KafkaUnderTest]:
    async with kafka_under_test(kafka.bootstrap_servers) as log:
        yield log


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Fragile:
    fragile = Fragile()

    def validate_crc(batch: _Batch) -> bool:
        return fragile.check(batch)

    monkeypatch.setattr(_Batch, "validate_crc", validate_crc, raising=False)
    return fragile


@pytest.fixture
async def reader(
    kafka: LocalKafka, log: KafkaUnderTest, fragile: Fragile
) -> AsyncIterator[GroupReader]:
    assert fragile.broken_by
    replace_record_parsing()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="none",
        key_deserializer=WholeBatches(2),
        fetch_max_wait_ms=50,
    )
    consumer.assign([TopicPartition(log.input, number) for number in (0, 1)])
    await consumer.start()
    reader = GroupReader(consumer)
    reader.hold_all()
    yield reader
    await consumer.stop()


async def _next(reader: GroupReader, *partitions: Partition) -> list[FetchedBatch]:
    while True:
        if batches := await reader.fetch(partitions, 0.05):
            return batches


async def _keep(
    values: dict[int, list[bytes | None]], reader: GroupReader, *partitions: Partition
) -> None:
    """Fetch for ever, or until every partition has given all it has, and keep what comes."""
    while len(values[ZERO]) < 2 or not values[ONE]:
        for batch in await _next(reader, *partitions):
            values[batch.partition.number] += [record.value for record in batch.records]


async def test_what_cannot_be_read_is_never_passed_over(
    log: KafkaUnderTest, reader: GroupReader, fragile: Fragile
) -> None:
    zero, one = Partition(log.input, 0), Partition(log.input, 1)
    await log.publish(b"a", b"b", b"c", b"bad", b"d")
    await log.publish(b"x", number=1)
    reader.start(zero, 0)

    [first] = await _next(reader, zero)
    assert [record.value for record in first.records] == [b"a", b"b"]
    [second] = await _next(reader, zero)  # what is good before the broken one comes first
    assert [record.value for record in second.records] == [b"c"]
    for _ in range(3):
        with pytest.raises(Unreadable, match="at or behind offset 3") as raised:
            await _next(reader, zero)
        assert raised.value.partition == zero

    values: dict[int, list[bytes | None]] = {ZERO: [], ONE: []}
    reader.start(one, 0)
    for _ in range(2):  # what was read beside the broken one is not lost, and not read twice
        with pytest.raises(Unreadable):
            await _keep(values, reader, one, zero)

    fragile.broken_by = None
    await _keep(values, reader, zero, one)
    assert values == {ZERO: [b"bad", b"d"], ONE: [b"x"]}


async def test_what_is_given_back_is_fetched_again(
    log: KafkaUnderTest, reader: GroupReader
) -> None:
    zero = Partition(log.input, 0)
    await log.publish(b"a", b"b", b"c")
    reader.start(zero, 0)
    [first] = await _next(reader, zero)

    reader.give_back(first)

    [again] = await _next(reader, zero)
    assert (again.before, again.after) == (first.before, first.after)
    reader.start(zero, 1)
    reader.give_back(first)  # too late: somebody has started the partition anew
    [other] = await _next(reader, zero)
    assert (other.before, other.after) == (1, 3)
    assert [record.value for record in other.records] == [b"b", b"c"]


async def test_a_position_that_is_gone_is_named(log: KafkaUnderTest, reader: GroupReader) -> None:
    zero = Partition(log.input, 0)
    reader.start(zero, 1000)

    with pytest.raises(PositionLost) as raised:
        await _next(reader, zero)

    assert raised.value.partition == zero


async def test_a_partition_that_is_stopped_gives_nothing(
    log: KafkaUnderTest, reader: GroupReader
) -> None:
    zero = Partition(log.input, 0)
    await log.publish(b"a")
    reader.start(zero, 0)
    reader.stop(zero)

    assert await reader.fetch([zero], 0.01) == []

    reader.start(zero, 0)
    [batch] = await _next(reader, zero)
    assert (batch.before, batch.after) == (0, 1)
