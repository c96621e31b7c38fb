"""Rows are read back as a reader of committed data sees them, whatever lies in the changelog."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import LeaderNotAvailableError, OffsetOutOfRangeError

from agents.lane.kafka.changelog import read_changelog
from agents.lane.log import Restored
from agents.lane.port import Partition
from agents.lane.rows import MemoryRows
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_logs import KafkaUnderTest, kafka_under_test


class Changelog:
    """A changelog partition, written by whoever wants to, and read by a client of its own."""

    def __init__(self, log: KafkaUnderTest, servers: str, reading: AIOKafkaProducer) -> None:
        self.partition = Partition(log.changelog, 0)
        self.servers = servers
        self._log = log
        self._reading = reading

    def writer(self, name: str) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.servers,
            transactional_id=f"{self.partition.topic}-{name}",
            max_request_size=8 * 1024 * 1024,
            compression_type="gzip" if name == "packed" else None,
        )

    async def write(self, producer: AIOKafkaProducer, **rows: bytes | None) -> None:
        for key, value in rows.items():
            await producer.send(self.partition.topic, value, key=key.encode(), partition=0)
        await producer.flush()

    async def end(self) -> int:
        return await self._log.lane().changelog_end()

    async def read(self, start: int = 0) -> Restored:
        await self._reading.partitions_for(self.partition.topic)
        async with asyncio.timeout(20):
            rows, end = MemoryRows(), await self.end()
            records_read = await read_changelog(
                self._reading.client, self.partition, start, end, rows
            )
            return Restored(rows, end, records_read)


@pytest.fixture
async def changelog(kafka: LocalKafka) -> AsyncIterator[Changelog]:
    servers = kafka.bootstrap_servers
    async with (
        kafka_under_test(servers) as log,
        AIOKafkaProducer(bootstrap_servers=servers) as reading,
    ):
        yield Changelog(log, servers, reading)


async def test_what_was_aborted_leaves_nothing(changelog: Changelog) -> None:
    async with changelog.writer("one") as one, changelog.writer("two") as two:
        await one.begin_transaction()
        await changelog.write(one, a=b"1")
        await one.commit_transaction()
        # Interleaved, so that batches of both lie between each other's markers.
        await one.begin_transaction()
        await two.begin_transaction()
        await changelog.write(one, a=b"aborted", b=b"aborted")
        await changelog.write(two, b=b"2")
        await changelog.write(one, a=None)
        await one.abort_transaction()
        await changelog.write(two, c=b"3")
        await two.commit_transaction()
        await one.begin_transaction()
        await changelog.write(one, d=b"4", c=None)
        await one.commit_transaction()

    restored = await changelog.read()

    assert restored.rows == {b"a": b"1", b"b": b"2", b"d": b"4"}
    assert restored.records_read == 5
    assert restored.end == await changelog.end()


async def test_reading_waits_for_an_open_transaction_to_end(changelog: Changelog) -> None:
    async with changelog.writer("one") as one, changelog.writer("two") as two:
        await one.begin_transaction()
        await changelog.write(one, a=b"1")
        await two.begin_transaction()
        await changelog.write(two, b=b"2")
        await two.commit_transaction()
        reading = asyncio.ensure_future(changelog.read())
        done, _ = await asyncio.wait({reading}, timeout=0.3)
        assert not done
        await one.commit_transaction()
        assert (await reading).rows == {b"a": b"1", b"b": b"2"}


async def test_many_large_packed_and_plain_batches_are_read_in_order(changelog: Changelog) -> None:
    rows: dict[bytes, bytes] = {}
    async with changelog.writer("plain") as plain, changelog.writer("packed") as packed:
        for number in range(20):
            producer = (plain, packed)[number % 2]
            value = b"%d " % number * (60_000 + number)
            await producer.begin_transaction()
            await changelog.write(producer, **{f"{number}": value, "last": b"%d" % number})
            await producer.commit_transaction()
            rows[b"%d" % number] = value

    restored = await changelog.read()

    assert restored.rows == {**rows, b"last": b"19"}
    assert restored.records_read == 40


async def test_reading_begins_at_its_start_in_the_middle_of_a_batch(changelog: Changelog) -> None:
    async with changelog.writer("one") as one:
        await one.begin_transaction()
        batch = one.create_batch()
        for key in (b"a", b"b", b"c"):
            batch.append(timestamp=0, key=key, value=b"1", headers=[])
        await (await one.send_batch(batch, changelog.partition.topic, partition=0))
        await one.commit_transaction()

    assert (await changelog.read(start=1)).rows == {b"b": b"1", b"c": b"1"}


async def test_what_cannot_be_fetched_is_said(changelog: Changelog) -> None:
    async with changelog.writer("one") as one:
        client = one.client
        with pytest.raises(LeaderNotAvailableError):
            await read_changelog(client, Partition("no-such-topic", 0), 0, 1, MemoryRows())
        # A partition just made is answered for by nobody for a moment: written to, it has a leader.
        await one.begin_transaction()
        await changelog.write(one, a=b"1")
        await one.commit_transaction()
        with pytest.raises(OffsetOutOfRangeError):
            await read_changelog(client, changelog.partition, 7, 8, MemoryRows())
