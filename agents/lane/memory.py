"""A broker in memory: transactions, fences, aborted records and markers, as Kafka has them.

Owns a whole broker for one test or one simulated run. Must never use real time or randomness;
whoever simulates a run passes a `step`, which every operation awaits, and delays or fails there.
`memory_lane` is what a lane sees of it. Both pass the contract tests that Apache Kafka passes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.port import Headers, OutgoingRecord, Partition

Step = Callable[[str, Partition], Awaitable[None]]
"""Awaited with the operation's name and its partition before the operation takes effect."""


async def no_faults(_operation: str, _partition: Partition) -> None:
    """Let others run, and let the operation happen."""
    await asyncio.sleep(0)


class _Fate(Enum):
    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True)
class TransactionState:
    """A transaction's fate, and where it has written."""

    fate: _Fate = _Fate.OPEN
    partitions: list[Partition] = field(default_factory=list[Partition])


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A stored record; an `InputRecord`."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    transaction: TransactionState | None = None
    is_marker: bool = False

    @property
    def decided(self) -> bool:
        """Whether it is known if readers will ever see it."""
        return self.transaction is None or self.transaction.fate is not _Fate.OPEN

    @property
    def readable(self) -> bool:
        """Whether readers of committed data see it."""
        return not self.is_marker and (
            self.transaction is None or self.transaction.fate is _Fate.COMMITTED
        )


@dataclass(slots=True)
class _StoredPartition:
    start: int = 0
    records: list[MemoryRecord] = field(default_factory=list[MemoryRecord])

    @property
    def end(self) -> int:
        return self.start + len(self.records)

    def stable_from(self, position: int) -> Iterator[MemoryRecord]:
        """Yield what lies from the position to the first record of an open transaction."""
        undecided = next((each.offset for each in self.records if not each.decided), self.end)
        yield from self.records[position - self.start : undecided - self.start]


class MemoryLog:
    """The broker."""

    def __init__(self, step: Step = no_faults) -> None:
        """Begin without topics."""
        self.step = step
        self.changed = asyncio.Event()
        self.group_offsets: dict[Partition, int] = {}
        self._topics: dict[str, list[_StoredPartition]] = {}
        self._epochs: dict[Partition, int] = {}
        self._open: dict[Partition, TransactionState] = {}

    def create_topic(self, topic: str, partition_count: int) -> None:
        """Create a topic, or add partitions to it."""
        partitions = self._topics.setdefault(topic, [])
        partitions += [_StoredPartition() for _ in range(partition_count - len(partitions))]

    def stored(self, partition: Partition) -> _StoredPartition:
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
            partition, MemoryRecord(0, timestamp, key, value, tuple(headers), transaction)
        )

    def begin(self) -> TransactionState:
        """Begin a transaction that is nobody's session's: a publisher's."""
        return TransactionState()

    def end(self, transaction: TransactionState, *, commit: bool) -> None:
        """End a transaction: its records become readable, or never will; markers follow them."""
        transaction.fate = _Fate.COMMITTED if commit else _Fate.ABORTED
        for partition in dict.fromkeys(transaction.partitions):
            self._append(partition, MemoryRecord(0, 0, None, None, (), None, is_marker=True))

    def delete_before(self, partition: Partition, offset: int) -> None:
        """Delete the partition's records before an offset, as retention does."""
        stored = self.stored(partition)
        del stored.records[: offset - stored.start]
        stored.start = offset

    def readable(self, partition: Partition) -> list[MemoryRecord]:
        """Return what a reader of committed data sees of a partition."""
        stored = self.stored(partition)
        return [record for record in stored.stable_from(stored.start) if record.readable]

    async def fetch(self, partition: Partition, position: int, records_max: int) -> FetchedBatch:
        """Fetch committed records from a position on; LogFailure when nothing can be there."""
        await self.step("fetch", partition)
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

    def fence(self, owner: Partition) -> int:
        """End what earlier sessions of this input partition have open; return a new epoch."""
        self._abort(owner)
        self._epochs[owner] = self._epochs.get(owner, 0) + 1
        return self._epochs[owner]

    def begin_in(self, owner: Partition, epoch: int) -> TransactionState:
        """Begin the one transaction that a session may have open; LogFailure when fenced."""
        if self._epochs.get(owner) != epoch:
            raise LogFailure("fenced")
        if owner in self._open:
            raise LogFailure("the transaction before has not ended")
        self._open[owner] = TransactionState()
        return self._open[owner]

    def commit_in(self, owner: Partition, epoch: int, next_offset: int) -> None:
        """Commit the session's transaction with the group's offset; LogFailure when fenced."""
        if self._epochs.get(owner) != epoch or owner not in self._open:
            raise LogFailure("fenced")
        self.end(self._open.pop(owner), commit=True)
        self.group_offsets[owner] = next_offset

    def abort_in(self, owner: Partition, epoch: int) -> None:
        """End what the session has open without effect; nothing when it is fenced."""
        if self._epochs.get(owner) == epoch:
            self._abort(owner)

    def _abort(self, owner: Partition) -> None:
        if owner in self._open:
            self.end(self._open.pop(owner), commit=False)

    def _append(self, partition: Partition, record: MemoryRecord) -> int:
        stored = self.stored(partition)
        offset = stored.end
        stored.records.append(
            MemoryRecord(
                offset,
                record.timestamp,
                record.key,
                record.value,
                record.headers,
                record.transaction,
                record.is_marker,
            )
        )
        if record.transaction is not None:
            record.transaction.partitions.append(partition)
        self.changed.set()
        return offset
