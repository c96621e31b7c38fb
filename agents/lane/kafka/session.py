"""A lane's session on Kafka: a transactional producer and what is read behind its fence.

aiokafka retries transactional requests by itself after a lost connection or a timeout. The request
that was lost may still arrive, late, and end a later transaction of the same producer epoch: the
transaction protocol that aiokafka speaks (before KIP-890) cannot tell the two apart. So one such
retry makes the whole session doubtful, and it ends with that transaction.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401
# pyright: reportPrivateUsage=false

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
    RecordListTooLargeError,
)
from aiokafka.protocol.transaction import (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)

from agents.lane.kafka.changelog import read_changelog
from agents.lane.kafka.client import KafkaLogs, log_failures, start_client, words
from agents.lane.kafka.reading import committed_reader
from agents.lane.kafka.writing import BatchWriter
from agents.lane.latest import LatestByTopic, merge_latest, to_write
from agents.lane.log import Bounds, LogFailure, LogRefusal, Restored
from agents.lane.port import BatchResult, InputRecord, Partition

_TRANSACTIONAL_REQUESTS = (
    AddOffsetsToTxnRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)

_BATCH_BYTES_MAX = 1_000_000
"""Bytes of a record batch before compression: below what topics take after it (1 MiB)."""


class KafkaLaneLog:
    """Kafka as the lane of one input partition sees it; a `LaneLog`."""

    def __init__(self, logs: KafkaLogs, partition: Partition) -> None:
        """Share the clients of `logs`."""
        self._logs = logs
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
                await start_client(producer)
        except BaseException:
            await _tear_down(producer)
            raise
        return KafkaSession(self._logs, self._partition, self._changelog, producer)

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
        self, logs: KafkaLogs, partition: Partition, changelog: Partition, producer: Any
    ) -> None:
        """Take over a started producer."""
        self._logs = logs
        self._changelog = changelog
        self.partition = partition
        self.producer = producer
        self.group_id = logs.options.group_id
        self.in_transaction = False
        self.doubtful = False
        self._watch_for_doubt()

    def _watch_for_doubt(self) -> None:
        """See the module's text: notice the retries that aiokafka makes by itself."""
        send = self.producer.client.send

        async def watched_send(node_id: int, request: Any, **options: Any) -> Any:
            try:
                return await send(node_id, request, **options)
            except KafkaError:
                self.doubtful = self.doubtful or isinstance(request, _TRANSACTIONAL_REQUESTS)
                raise

        self.producer.client.send = watched_send

    async def restore(self) -> Restored:
        """See `Session`."""
        # Up to the high watermark, not to the stable offset: an open transaction of somebody
        # else would hide committed rows behind it. Reading waits for such a one to end.
        start, end = await self._logs.offsets(self._changelog)
        with log_failures(f"cannot read {self._changelog}"):
            await self.producer.partitions_for(self._changelog.topic)
            return await read_changelog(self.producer.client, self._changelog, start, end)

    async def value_elsewhere(self, key: bytes) -> bytes | None:
        """See `Session`."""
        topic, own = self._changelog
        with log_failures(f"cannot read {topic}"):
            numbers: set[int] = await self.producer.partitions_for(topic)
        for number in sorted(numbers - {own}):
            start, end = await self._logs.offsets(Partition(topic, number))
            if start == end:
                continue
            with log_failures(f"cannot read {topic}/{number}"):
                restored = await read_changelog(
                    self.producer.client, Partition(topic, number), start, end
                )
            if key in restored.rows:
                return restored.rows[key]
        return None

    def compose(self) -> "KafkaComposition":
        """See `Session`."""
        return KafkaComposition(self, self._changelog.topic)

    async def close(self) -> None:
        """See `Session`."""
        try:
            async with asyncio.timeout(self._logs.options.close_s_max):
                if self.in_transaction:
                    await self.producer.abort_transaction()
                await self.producer.stop()
        except Exception:  # noqa: BLE001 - a producer that cannot end in order is torn down
            await _tear_down(self.producer)


class KafkaComposition:
    """A transaction's record batches, filled result by result; a `Composition`."""

    def __init__(self, session: KafkaSession, changelog_topic: str) -> None:
        """See `KafkaSession.compose`."""
        self._session = session
        self._changelog_topic = changelog_topic
        self._now_ms = int(time.time() * 1000)
        self._outputs: dict[str, BatchWriter] = {}
        self._rows: dict[bytes, bytes | None] = {}
        self._latest: LatestByTopic = {}

    def add(self, result: BatchResult) -> None:
        """See `Composition`."""
        for topic, records in result.outgoing.items():
            self._writer(topic).write(records)
        self._rows.update(result.rows)
        merge_latest(self._latest, result.latest)

    def complete(self, reserved: Mapping[bytes, bytes], next_offset: int) -> "KafkaTransaction":
        """See `Composition`."""
        for topic, by_key in self._latest.items():
            self._writer(topic).write(to_write(by_key))
        changelog = self._writer(self._changelog_topic)
        changelog.write((key, row, ()) for key, row in self._rows.items())
        changelog.write((key, value, ()) for key, value in reserved.items())
        batches = {topic: writer.finish() for topic, writer in self._outputs.items()}
        return KafkaTransaction(self._session, batches, next_offset)

    def _writer(self, topic: str) -> BatchWriter:
        writer = self._outputs.get(topic)
        if writer is None:
            writer = BatchWriter(self._session.producer.create_batch, self._now_ms)
            self._outputs[topic] = writer
        return writer


class KafkaTransaction:
    """A transaction's record batches, ready to send; a `Transaction`."""

    def __init__(
        self, session: KafkaSession, batches: Mapping[str, Sequence[Any]], next_offset: int
    ) -> None:
        """Keep what `KafkaComposition.complete` made."""
        self._session = session
        self._batches = batches
        self._next_offset = next_offset

    async def commit(self) -> None:
        """See `Transaction`."""
        session = self._session
        try:
            await self._write_and_commit()
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            raise LogRefusal(words(error)) from error
        except ProducerFenced as error:
            raise LogFailure("fenced: another worker has opened this partition") from error
        except Exception as error:
            # aiokafka asserts and raises much in the middle of a transaction; whatever it is, the
            # outcome is unknown and the producer is done.
            raise LogFailure(f"transaction failed: {words(error)}") from error
        if session.doubtful:
            raise LogFailure("a transactional request was lost and sent again")

    async def _write_and_commit(self) -> None:
        session = self._session
        producer = session.producer
        await producer.begin_transaction()
        session.in_transaction = True
        _retrieve(producer._txn_manager.wait_for_transaction_end())  # noqa: SLF001 - see _retrieve
        acknowledgements: list[asyncio.Future[Any]] = []
        # All topics' first batches enter the transaction by one request, the second ones follow
        # when those are on their way, and so on: a partition has one batch at a time.
        for batches in zip_longest(*self._batches.values()):
            for topic, batch in zip(self._batches, batches, strict=True):
                if batch is not None:
                    acknowledgement = await producer.send_batch(
                        batch, topic, partition=session.partition.number
                    )
                    acknowledgements.append(_retrieve(acknowledgement))
        # Waited for without cancelling any: aiokafka's futures complain when nobody looks.
        await asyncio.wait(acknowledgements, return_when=asyncio.FIRST_EXCEPTION)
        for acknowledgement in acknowledgements:
            acknowledgement.result()
        # Only now: while a transaction takes up a group, brokers refuse its records for a moment
        # (as "not enough replicas"), and aiokafka would try those again 0.1 s later.
        offsets = {TopicPartition(*session.partition): self._next_offset}
        await producer.send_offsets_to_transaction(offsets, session.group_id)
        await producer.commit_transaction()
        session.in_transaction = False


def _retrieve(future: Any) -> Any:
    """Mark the future's error as seen, whoever awaits it or not; return the future."""

    def see(done: Any) -> None:
        if not done.cancelled():
            done.exception()

    future.add_done_callback(see)
    return future


async def _tear_down(producer: Any) -> None:
    """End a producer whose broker may be gone: aiokafka's own way would wait for it for ever.

    What it still holds is dropped without an error: nobody waits for it any more.
    """
    producer._closed = True  # noqa: SLF001 - there is no public way
    with suppress(Exception):
        await producer.client.close()
    sender_task: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001 - as above
    while sender_task is not None and not sender_task.done():
        # Cancelled once, it still awaits its requests, which retry; each further cancel ends one.
        sender_task.cancel()
        await asyncio.wait({sender_task}, timeout=0.05)
