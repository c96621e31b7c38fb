"""A lane's session on Kafka: a transactional producer and what is read behind its fence.

One transactional request that aiokafka had to repeat makes the whole session doubtful, and it ends
with that transaction (`agents.lane.kafka.transactional` tells why).
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from agents.lane.kafka.changelog import read_changelog
from agents.lane.kafka.client import KafkaLogs, log_failures, start_client
from agents.lane.kafka.reading import committed_reader
from agents.lane.kafka.topic_identity import identify
from agents.lane.kafka.transaction import KafkaComposition
from agents.lane.kafka.transactional import tear_down, watch_for_doubt
from agents.lane.log import Bounds, Restored, untold
from agents.lane.port import InputRecord, Partition
from agents.lane.rows import LaneRows, MemoryRows
from agents.lane.store import ChangelogTerms, RowStores

_BATCH_BYTES_MAX = 1_000_000
"""Bytes of a record batch before compression: below what topics take after it (1 MiB)."""


class KafkaLaneLog:
    """Kafka as the lane of one input partition sees it; a `LaneLog`."""

    def __init__(
        self, logs: KafkaLogs, partition: Partition, stores: RowStores | None = None
    ) -> None:
        """Share the clients of `logs`; keep rows in `stores`, or without them in memory."""
        self._logs = logs
        self._stores = stores
        self._partition = partition
        self._changelog = Partition(logs.options.changelog_topic, partition.number)

    async def open(self) -> "KafkaSession":
        """See `LaneLog`."""
        options = self._logs.options
        producer: Any = AIOKafkaProducer(
            **options.client(),
            transactional_id=(
                f"{options.transactional_prefix}-{self._partition.topic}-{self._partition.number}"
            ),
            transaction_timeout_ms=int(options.transaction_timeout_s * 1000),
            acks="all",
            max_batch_size=_BATCH_BYTES_MAX,
            compression_type=options.compression,
        )
        try:
            with log_failures("cannot open the transactional producer"):
                await start_client(producer, options)
        except BaseException:
            await tear_down(producer)
            raise
        return KafkaSession(self._logs, self._partition, self._changelog, producer, self._stores)

    async def bounds(self) -> Bounds:
        """See `LaneLog`."""
        counts = await self._logs.partition_counts([self._partition.topic])
        start, end = await self._logs.offsets(self._partition)
        return Bounds(start, end, counts.get(self._partition.topic, 0))

    async def changelog_end(self) -> int:
        """See `LaneLog`."""
        _, end = await self._logs.offsets(self._changelog)
        return end

    async def first_record(self, offset: int) -> InputRecord | None:
        """See `LaneLog`."""
        _, end = await self._logs.offsets(self._partition)
        async with committed_reader(self._logs.options, self._partition, offset) as reader:
            while await reader.position() < end:
                if records := await reader.read():
                    return records[0]
        return None


class KafkaSession:
    """One transactional producer and what is read behind its fence; a `Session`."""

    def __init__(
        self,
        logs: KafkaLogs,
        partition: Partition,
        changelog: Partition,
        producer: Any,
        stores: RowStores | None,
    ) -> None:
        """Take over a started producer."""
        self._logs = logs
        self._stores = stores
        self.changelog = changelog
        self.rows: LaneRows = MemoryRows()
        self.partition = partition
        self.producer = producer
        self.group_id = logs.options.group_id
        self.in_transaction = False
        self.doubtful = False
        watch_for_doubt(producer, self._doubt)

    def _doubt(self) -> None:
        self.doubtful = True

    async def restore(self, on_progress: Callable[[int], None] = untold) -> Restored:
        """See `Session`."""
        # Up to the high watermark, not to the stable offset: an open transaction of somebody
        # else would hide committed rows behind it. Reading waits for such a one to end.
        start, end = await self._logs.offsets(self.changelog)
        with log_failures(f"cannot read {self.changelog}"):
            await self.producer.partitions_for(self.changelog.topic)
            if self._stores is not None:
                self.rows = self._stores.open(self.partition, await self._terms(start, end))
            rows = self.rows
            position = max(start, rows.changelog_offset)
            on_progress(max(0, end - position))
            records_read = await read_changelog(
                self.producer.client, self.changelog, position, end, rows, on_progress
            )
        rows.restored()
        return Restored(rows, end, records_read)

    async def _terms(self, start: int, end: int) -> ChangelogTerms:
        topic, number = self.changelog
        identity = await identify(self.producer.client, topic)
        kept_ms = await self._logs.topic_setting(topic, "delete.retention.ms")
        return ChangelogTerms(
            f"{identity.cluster_id}/{identity.topic_id}/{number}", start, end, int(kept_ms or 0)
        )

    async def value_elsewhere(self, key: bytes) -> bytes | None:
        """See `Session`."""
        topic, own = self.changelog
        with log_failures(f"cannot read {topic}"):
            numbers: set[int] = await self.producer.partitions_for(topic)
        for number in sorted(numbers - {own}):
            start, end = await self._logs.offsets(Partition(topic, number))
            if start == end:
                continue
            rows = MemoryRows()
            with log_failures(f"cannot read {topic}/{number}"):
                await read_changelog(
                    self.producer.client, Partition(topic, number), start, end, rows
                )
            if key in rows:
                return rows[key]
        return None

    def compose(self) -> "KafkaComposition":
        """See `Session`."""
        return KafkaComposition(self, self.changelog.topic)

    async def close(self) -> None:
        """See `Session`."""
        self.rows.close()
        try:
            async with asyncio.timeout(self._logs.options.close_s_max):
                if self.in_transaction:
                    await self.producer.abort_transaction()
                await self.producer.stop()
        except Exception:  # noqa: BLE001 - a producer that cannot end in order is torn down
            await tear_down(self.producer)
