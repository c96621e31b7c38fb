"""A broker in memory: committed and aborted records, markers, retention, as Kafka has them.

Owns a whole broker for one test or one simulated run. Must never use real time or randomness;
whoever simulates a run passes a `step`, which every operation awaits, and delays or fails there,
or overrides `MemoryLog.request`, to lose requests and answers or let them take effect late.
`memory_transactions` has the fences and `memory_lane` is what a lane sees of it all. They pass the
contract tests that Apache Kafka passes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.memory_records import Fate, MemoryRecord, StoredPartition, TransactionState
from agents.lane.memory_transactions import MemoryTransactions
from agents.lane.port import Headers, OutgoingRecord, Partition

Answer = TypeVar("Answer")

Step = Callable[[str, Partition], Awaitable[None]]
"""Awaited with the operation's name and its partition before the operation takes effect."""


async def no_faults(_operation: str, _partition: Partition) -> None:
    """Let others run, and let the operation happen."""
    await asyncio.sleep(0)


class MemoryLog:
    """The broker."""

    def __init__(self, step: Step = no_faults) -> None:
        """Begin without topics."""
        self.step = step
        self.changed = asyncio.Event()
        self.group_offsets: dict[Partition, int] = {}
        self.transactions = MemoryTransactions(self)
        self._topics: dict[str, list[StoredPartition]] = {}

    async def request(
        self, operation: str, partition: Partition, effect: Callable[[], Answer]
    ) -> Answer:
        """Carry a request to the broker and its answer back.

        Every operation of a lane goes through here, so a simulated network overrides it.

        Args:
            operation: its name.
            partition: the partition it is about.
            effect: what the broker does when the request arrives.

        Raises:
            LogFailure: the broker refused, or the network failed.
        """
        await self.step(operation, partition)
        return effect()

    def notify(self) -> None:
        """Wake whoever waits for `changed`; it is another event from now on."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def create_topic(self, topic: str, partition_count: int) -> None:
        """Create a topic, or add partitions to it."""
        partitions = self._topics.setdefault(topic, [])
        partitions += [StoredPartition() for _ in range(partition_count - len(partitions))]

    def stored(self, partition: Partition) -> StoredPartition:
        """Return a partition's store; LogFailure when it does not exist."""
        try:
            return self._topics[partition.topic][partition.number]
        except (KeyError, IndexError) as error:
            raise LogFailure(f"no such partition: {partition}") from error

    def partition_count(self, topic: str) -> int:
        """Return how many partitions a topic has."""
        return len(self._topics.get(topic, ()))

    def append(
        self,
        partition: Partition,
        record: OutgoingRecord,
        *,
        timestamp: int = 0,
        transaction: TransactionState | None = None,
    ) -> int:
        """Append a record and return its offset."""
        key, value, headers = record
        return self._append(
            partition, timestamp, key, value, headers=tuple(headers), transaction=transaction
        )

    def begin(self) -> TransactionState:
        """Begin a transaction that is nobody's session's: a publisher's."""
        return TransactionState()

    def end(self, transaction: TransactionState, *, commit: bool) -> None:
        """End a transaction: its records become readable, or never will; markers follow them."""
        transaction.fate = Fate.COMMITTED if commit else Fate.ABORTED
        for partition in dict.fromkeys(transaction.partitions):
            self._append(partition, 0, None, None, is_marker=True)
        if commit:
            self.group_offsets |= transaction.group_offsets

    def delete_before(self, partition: Partition, offset: int) -> None:
        """Delete the partition's records before an offset, as retention does."""
        stored = self.stored(partition)
        del stored.records[: offset - stored.start]
        stored.start = offset

    def readable(self, partition: Partition) -> list[MemoryRecord]:
        """Return what a reader of committed data sees of a partition."""
        stored = self.stored(partition)
        return [record for record in stored.stable_from(stored.start) if record.readable]

    def read(self, partition: Partition, position: int, records_max: int) -> FetchedBatch:
        """Read committed records from a position on; LogFailure when nothing can be there."""
        stored = self.stored(partition)
        if not stored.start <= position <= stored.end:
            raise LogFailure(f"nothing at {position} of {partition}")
        records: list[MemoryRecord] = []
        after = position
        for record in stored.stable_from(position):
            after = record.offset + 1
            if record.readable:
                records.append(record)
                if len(records) == records_max:
                    break
        return FetchedBatch(partition, position, after, records)

    async def fetch(self, partition: Partition, position: int, records_max: int) -> FetchedBatch:
        """Request what `read` returns."""
        return await self.request(
            "fetch", partition, lambda: self.read(partition, position, records_max)
        )

    def _append(
        self,
        partition: Partition,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: Headers = (),
        transaction: TransactionState | None = None,
        is_marker: bool = False,
    ) -> int:
        stored = self.stored(partition)
        record = MemoryRecord(stored.end, timestamp, key, value, headers, transaction, is_marker)
        stored.records.append(record)
        if transaction is not None and partition not in transaction.partitions:
            transaction.partitions.append(partition)
            stored.undecided.append(record)
        self.notify()
        return record.offset
