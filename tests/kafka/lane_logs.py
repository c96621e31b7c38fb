"""The two logs that the lane's contract holds for, each with topics of its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents.lane.kafka.client import KafkaLogs, KafkaOptions
from agents.lane.kafka.group import GroupReader
from agents.lane.kafka.record_batches import WholeBatches, replace_record_parsing
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.log import FetchedBatch, LaneLog, Session, Transaction
from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import MemoryLaneLog
from agents.lane.port import BatchResult, Partition

WAIT_S = 20.0


class LogUnderTest(Protocol):
    """Topics `input`, `output` and `changelog` with two partitions each."""

    input: str
    output: str
    changelog: str

    def lane(self, number: int = 0) -> LaneLog: ...

    async def publish(self, *values: bytes, number: int = 0) -> None: ...

    async def publish_aborted(self, *values: bytes, number: int = 0) -> None: ...

    async def committed(self, topic: str, number: int = 0) -> list[tuple[bytes | None, Any]]: ...

    async def fetch(
        self, offset: int, *, number: int = 0, records_max: int = 100
    ) -> list[FetchedBatch]: ...

    async def group_offset(self, number: int = 0) -> int | None: ...


def write(
    session: Session,
    values: Sequence[bytes] = (),
    *,
    output: str,
    rows: dict[bytes, bytes | None] | None = None,
    next_offset: int = 0,
) -> Transaction:
    """A transaction that writes these values under the key `k` to the output."""
    records = [(b"k", value, [("header", b"x")]) for value in values]
    composition = session.compose()
    composition.add(BatchResult({output: records} if records else {}, rows or {}))
    return composition.complete({}, next_offset)


class MemoryUnderTest:
    def __init__(self) -> None:
        self.input, self.output, self.changelog = "input", "output", "changelog"
        self.log = MemoryLog()
        for topic in (self.input, self.output, self.changelog):
            self.log.create_topic(topic, 2)

    def lane(self, number: int = 0) -> LaneLog:
        return MemoryLaneLog(self.log, Partition(self.input, number), self.changelog)

    async def publish(self, *values: bytes, number: int = 0) -> None:
        for value in values:
            self.log.append(Partition(self.input, number), (b"k", value, ()))

    async def publish_aborted(self, *values: bytes, number: int = 0) -> None:
        transaction = self.log.begin()
        for value in values:
            record = (b"k", value, ())
            self.log.append(Partition(self.input, number), record, transaction=transaction)
        self.log.end(transaction, commit=False)

    async def committed(self, topic: str, number: int = 0) -> list[tuple[bytes | None, Any]]:
        return [(each.key, each.value) for each in self.log.readable(Partition(topic, number))]

    async def fetch(
        self, offset: int, *, number: int = 0, records_max: int = 100
    ) -> list[FetchedBatch]:
        partition = Partition(self.input, number)
        batches: list[FetchedBatch] = []
        while True:
            batch = await self.log.fetch(partition, offset, records_max)
            if batch.after == offset:
                return batches
            batches.append(batch)
            offset = batch.after

    async def group_offset(self, number: int = 0) -> int | None:
        return self.log.group_offsets.get(Partition(self.input, number))


class KafkaUnderTest:
    def __init__(self, servers: str, logs: KafkaLogs, name: str) -> None:
        self.input, self.output, self.changelog = f"{name}-in", f"{name}-out", f"{name}-changelog"
        self._servers = servers
        self._logs = logs

    def lane(self, number: int = 0) -> LaneLog:
        return KafkaLaneLog(self._logs, Partition(self.input, number))

    async def publish(self, *values: bytes, number: int = 0) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._servers) as producer:
            for value in values:
                await producer.send_and_wait(self.input, value, key=b"k", partition=number)

    async def publish_aborted(self, *values: bytes, number: int = 0) -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=self._servers, transactional_id=f"{self.input}-publisher"
        ) as producer:
            await producer.begin_transaction()
            for value in values:
                await producer.send_and_wait(self.input, value, key=b"k", partition=number)
            await producer.abort_transaction()

    async def committed(self, topic: str, number: int = 0) -> list[tuple[bytes | None, Any]]:
        records: list[tuple[bytes | None, Any]] = []
        address = TopicPartition(topic, number)
        async with _reading(self._servers, address) as consumer:
            # The end as the log has it: markers of a commit follow its acknowledgement.
            _, end = await self._logs.offsets(Partition(topic, number))
            async with asyncio.timeout(WAIT_S):
                while await consumer.position(address) < end:
                    fetched = await consumer.getmany(address, timeout_ms=50)
                    records += [(each.key, each.value) for each in fetched.get(address, ())]
        return records

    async def fetch(
        self, offset: int, *, number: int = 0, records_max: int = 100
    ) -> list[FetchedBatch]:
        partition = Partition(self.input, number)
        batches: list[FetchedBatch] = []
        whole = WholeBatches(records_max)
        async with _reading(self._servers, TopicPartition(*partition), whole) as consumer:
            end = (await consumer.end_offsets([TopicPartition(*partition)]))[
                TopicPartition(*partition)
            ]
            reader = GroupReader(consumer)
            reader.hold_all()
            reader.start(partition, offset)
            async with asyncio.timeout(WAIT_S):
                while offset < end:
                    for batch in await reader.fetch([partition], 0.05):
                        batches.append(batch._replace(records=list(batch.records)))
                        offset = batch.after
        return batches

    async def group_offset(self, number: int = 0) -> int | None:
        address = TopicPartition(self.input, number)
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(
                self._logs.options.group_id, partitions=[address]
            )
        finally:
            await admin.close()
        return offsets[address].offset


@asynccontextmanager
async def _reading(
    servers: str, address: TopicPartition, whole: WholeBatches | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    replace_record_parsing()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=50,
        key_deserializer=whole,
    )
    consumer.assign([address])
    await consumer.start()
    try:
        consumer.seek(address, 0)
        yield consumer
        await asyncio.sleep(0)
    finally:
        await consumer.stop()


@asynccontextmanager
async def kafka_under_test(servers: str) -> AsyncIterator[KafkaUnderTest]:
    """Topics of its own on a broker, and the clients that lanes share."""
    name = f"lane-{uuid.uuid4().hex[:12]}"
    options = KafkaOptions(
        bootstrap_servers=servers,
        client_id="test",
        group_id=name,
        transactional_prefix=name,
        changelog_topic=f"{name}-changelog",
        request_timeout_s=5,
        transaction_timeout_s=30,
        close_s_max=2,
        compression="lz4",
    )
    await create_topics(servers, f"{name}-in", f"{name}-out", f"{name}-changelog", count=2)
    logs = KafkaLogs(options)
    await logs.start()
    try:
        yield KafkaUnderTest(servers, logs, name)
    finally:
        await logs.stop()


async def create_topics(servers: str, *names: str, count: int) -> None:
    """Create topics; the last one is compacted, as a changelog is."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        *plain, changelog = names
        await admin.create_topics(
            [
                *(NewTopic(name, count, 1) for name in plain),
                NewTopic(changelog, count, 1, topic_configs={"cleanup.policy": "compact"}),
            ]
        )
        await known(admin, names)
    finally:
        await admin.close()


async def known(admin: AIOKafkaAdminClient, topics: Collection[str]) -> None:
    """Wait until the broker tells of topics that it has made, which may be a moment later."""
    async with asyncio.timeout(WAIT_S):
        while not set(topics) <= {each["topic"] for each in await admin.describe_topics()}:  # noqa: ASYNC110 - it tells when asked
            await asyncio.sleep(0.01)
