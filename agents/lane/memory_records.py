"""What a broker in memory stores: records, markers, and how the transactions around them stand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from agents.lane.port import Headers, Partition


class Fate(Enum):
    """How a transaction stands."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True, eq=False)
class TransactionState:
    """A transaction's fate, and what hangs on it.

    Attributes:
        fate: whether it is open, and how it ended.
        partitions: where it has written.
        group_offsets: what the group's offsets become if it is committed.
    """

    fate: Fate = Fate.OPEN
    partitions: list[Partition] = field(default_factory=list[Partition])
    group_offsets: dict[Partition, int] = field(default_factory=dict[Partition, int])


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
        return self.transaction is None or self.transaction.fate is not Fate.OPEN

    @property
    def readable(self) -> bool:
        """Whether readers of committed data see it."""
        return not self.is_marker and (
            self.transaction is None or self.transaction.fate is Fate.COMMITTED
        )


@dataclass(slots=True)
class StoredPartition:
    """A partition's records.

    Attributes:
        start: the first offset that is still there.
        records: from there on; one for every offset, markers included.
        undecided: the first record here of every transaction that may be open.
    """

    start: int = 0
    records: list[MemoryRecord] = field(default_factory=list[MemoryRecord])
    undecided: list[MemoryRecord] = field(default_factory=list[MemoryRecord])

    @property
    def end(self) -> int:
        """The offset that the next record will have."""
        return self.start + len(self.records)

    @property
    def stable_end(self) -> int:
        """The first offset of an open transaction, else the end."""
        self.undecided = [record for record in self.undecided if not record.decided]
        return min((record.offset for record in self.undecided), default=self.end)

    def stable_from(self, position: int) -> Iterator[MemoryRecord]:
        """Yield what lies from the position to the first record of an open transaction."""
        yield from self.records[position - self.start : self.stable_end - self.start]
