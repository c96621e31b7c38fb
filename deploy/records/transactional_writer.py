"""Writing to any partitions in one transaction: what an operator's command does to many at once.

Owns the promise that all of a `commit` is there or none of it. Whoever opens a writer of the same
transactional id ends this one, and what it had not committed is gone; so a command that was killed
is taken over by running it again.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from agents.lane.kafka.client import start_client, words
from agents.lane.kafka.transactional import (
    begin_transaction,
    retrieve,
    tear_down,
    watch_for_doubt,
)
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures
from events.errors import Misconfigured, TransientFailure

_CLIENT_ID: Final = "biolatch-operator"
_BATCH_BYTES_MAX: Final = 512 * 1024
"""Of one batch before compression: half of what a topic takes after it."""
_CLOSE_S_MAX: Final = 2.0
_NO_TIME: Final = 0


class Write(NamedTuple):
    """A record to write.

    Attributes:
        partition: where to.
        key, value, headers: the record; a value of None is a tombstone.
        timestamp_ms: its time, where the topic does not stamp records itself.
    """

    partition: Partition
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()
    timestamp_ms: int = _NO_TIME


class GroupOffsets(NamedTuple):
    """Offsets that a group gets together with the records."""

    group: str
    offsets: Mapping[Partition, int]


class TransactionalWriter:
    """An open transactional producer; use it as an asynchronous context manager.

    Opening it fences every earlier writer of the same transactional id and settles its transaction.
    """

    def __init__(
        self, connection: Connection, transactional_id: str, *, transaction_timeout_s: float
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            connection: where, and how patiently.
            transactional_id: one for each kind of work that must not be done twice at once.
            transaction_timeout_s: the broker aborts a transaction that is open for longer.
        """
        self._connection = connection
        self._servers = connection.bootstrap_servers
        self._transactional_id = transactional_id
        self._transaction_timeout_s = transaction_timeout_s
        self._producer: Any = None
        self._doubtful = False

    async def __aenter__(self) -> Self:
        """Connect and fence.

        Raises:
            TransientFailure: no broker answers.
            Misconfigured: the broker refuses.
        """
        with kafka_failures(self._servers):
            # It takes the running loop, so it is made here and not before.
            self._producer = AIOKafkaProducer(
                **self._connection.client(_CLIENT_ID),
                transactional_id=self._transactional_id,
                transaction_timeout_ms=int(self._transaction_timeout_s * 1000),
                acks="all",
                max_batch_size=_BATCH_BYTES_MAX,
                compression_type="lz4",
            )
            try:
                async with asyncio.timeout(4 * self._connection.request_timeout_s):
                    await start_client(self._producer, self._connection)
            except BaseException:
                await tear_down(self._producer)
                raise
        watch_for_doubt(self._producer, self._doubt)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect; what is not committed is aborted."""
        try:
            async with asyncio.timeout(_CLOSE_S_MAX):
                # An open transaction is aborted by the broker, at once when the id is used again.
                if error is None:
                    await self._producer.stop()
                    return
        except (TimeoutError, KafkaError):
            pass
        await tear_down(self._producer)

    def _doubt(self) -> None:
        self._doubtful = True

    async def commit(self, records: Iterable[Write], offsets: GroupOffsets | None = None) -> None:
        """Write all records and commit, or none; those of one partition keep their order.

        Raises:
            TransientFailure: it is not known whether it took effect, or another process has taken
                over. After it this writer is of no more use.
            Misconfigured: the broker refuses; nothing was written.
        """
        if self._doubtful:
            raise self._unknown("a request was lost and sent again")
        try:
            with kafka_failures(self._servers):
                await self._write_and_commit(records, offsets)
        except Misconfigured:
            raise
        except TransientFailure as failure:
            raise self._unknown(str(failure)) from failure
        except Exception as error:
            # aiokafka asserts and raises much in the middle of a transaction; whatever it is, the
            # outcome is unknown and the producer is done.
            raise self._unknown(words(error)) from error

    async def _write_and_commit(
        self, records: Iterable[Write], offsets: GroupOffsets | None
    ) -> None:
        producer = self._producer
        try:
            await begin_transaction(producer)
            acknowledgements: list[asyncio.Future[Any]] = []
            for partition, batches in self._batches(records).items():
                for batch in batches:
                    batch.close()
                    sent = await producer.send_batch(
                        batch, partition.topic, partition=partition.number
                    )
                    acknowledgements.append(retrieve(sent))
            for acknowledgement in acknowledgements:
                await acknowledgement
            # Only now: while a transaction takes up a group, brokers refuse its records for a
            # moment, and aiokafka would try those again 0.1 s later.
            if offsets is not None:
                of_group = {TopicPartition(*each): at for each, at in offsets.offsets.items()}
                await producer.send_offsets_to_transaction(of_group, offsets.group)
            await producer.commit_transaction()
        except ProducerFenced as error:
            raise TransientFailure(
                "transaction.fenced", "another process does the same and has taken over"
            ) from error

    def _batches(self, records: Iterable[Write]) -> dict[Partition, list[Any]]:
        batches: dict[Partition, list[Any]] = defaultdict(list)
        for record in records:
            of_partition = batches[record.partition]
            if not of_partition or not _append(of_partition[-1], record):
                of_partition.append(self._producer.create_batch())
                _append(of_partition[-1], record)  # one larger than a batch has one for itself
        return batches

    def _unknown(self, why: str) -> TransientFailure:
        return TransientFailure(
            "transaction.unknown",
            f"it is not known whether the last step took effect ({why}). Run the same command "
            "again: it looks first, and does nothing twice.",
        )


def _append(batch: Any, record: Write) -> bool:  # noqa: ANN401 - aiokafka's, untyped
    appended = batch.append(
        timestamp=record.timestamp_ms,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
    )
    return appended is not None
