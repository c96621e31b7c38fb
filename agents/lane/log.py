"""What a lane asks of the log it reads from and writes to.

Owns the port between the lane protocol and a broker. Must never import a Kafka client. Invariant:
all that one `Transaction` holds is visible to readers of committed data, or nothing of it is.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from agents.lane.port import BatchResult, InputRecord, Partition
from agents.lane.rows import LaneRows


class LogFailure(Exception):  # noqa: N818 - a failure of the environment, not a mistake
    """The log did not do what it was asked to: I/O error, fence or expiry.

    Whether a transaction in flight took effect is unknown. The session is worthless from here on:
    the lane drops it with its rows and opens anew, behind a new fence.
    """


class LogRefusal(Exception):  # noqa: N818 - as above
    """The log will never accept this, however often it is tried (a record larger than it takes)."""


class FetchedBatch(NamedTuple):
    """What one fetch brought from one partition.

    Attributes:
        partition: where it was read.
        before: the fetch position before the fetch.
        after: the fetch position after it. More than the last offset plus one where markers or
            aborted records follow; they may be all that was fetched, then `records` is empty.
        records: the committed records in between, in order. They may be parsed while one
            iterates; then an exception says that what is there cannot be read.
    """

    partition: Partition
    before: int
    after: int
    records: Iterable[InputRecord]


class Bounds(NamedTuple):
    """What of an input partition is still there.

    Attributes:
        start: the first offset.
        end: the offset that the next record will have.
        partition_count: how many partitions the topic has.
    """

    start: int
    end: int
    partition_count: int


class Restored(NamedTuple):
    """What a changelog partition holds, read to its end behind the fence.

    Attributes:
        rows: the last value of every key that is not deleted, reserved keys included.
        end: the changelog's end offset: it moves when, and only when, somebody writes after us.
        records_read: how many records it took.
    """

    rows: LaneRows
    end: int
    records_read: int


def untold(_left: int) -> None:
    """Progress that nobody wants to know of."""


class Transaction(Protocol):
    """One transaction, encoded and not begun."""

    async def commit(self) -> None:
        """Begin, write everything, await every acknowledgement, commit.

        Raises:
            LogFailure: it may or may not have taken effect.
            LogRefusal: it did not, and never will.
        """
        ...


class Composition(Protocol):
    """A transaction that is being encoded, result by result; nothing of it is written yet."""

    def add(self, result: BatchResult) -> None:
        """Take up what some records lead to, without I/O.

        Outputs go to the partition with the input's number.
        """
        ...

    def complete(self, reserved: Mapping[bytes, bytes], next_offset: int) -> Transaction:
        """Finish the transaction, without I/O.

        Args:
            reserved: the lane's own records for the changelog.
            next_offset: the input offset behind the records, committed for the group too.
        """
        ...


class Session(Protocol):
    """One fenced opening of one partition: every session opened before it can write no more."""

    async def restore(self, on_progress: Callable[[int], None] = untold) -> Restored:
        """Read the changelog partition to its end.

        Args:
            on_progress: told how many offsets are left, again and again, and 0 at the end.

        Raises:
            LogFailure: it could not be read.
        """
        ...

    async def value_elsewhere(self, key: bytes) -> bytes | None:
        """Return a key's last value in some other partition of the changelog that has one.

        Raises:
            LogFailure: they could not be read.
        """
        ...

    def compose(self) -> Composition:
        """Begin to encode a transaction; that overlaps with the one in flight."""
        ...

    async def close(self) -> None:
        """Give up what the session holds, an open transaction included. Never raises."""
        ...


class LaneLog(Protocol):
    """The log as one lane sees it: its input partition and its changelog partition."""

    async def open(self) -> Session:
        """Fence every earlier session of this partition and settle its open transaction.

        Raises:
            LogFailure: it could not be opened.
        """
        ...

    async def bounds(self) -> Bounds:
        """Return what of the input partition is there now.

        Raises:
            LogFailure: the log did not answer.
        """
        ...

    async def changelog_end(self) -> int:
        """Return the changelog partition's end offset now.

        Raises:
            LogFailure: the log did not answer.
        """
        ...

    async def first_record(self, offset: int) -> InputRecord | None:
        """Return the first committed input record at or behind an offset; None when none is there.

        Raises:
            LogFailure: the log did not answer.
        """
        ...


class Feed(Protocol):
    """What delivers the batches of a partition to its lane."""

    async def start(self, partition: Partition, offset: int) -> None:
        """Deliver from this offset on; what was fetched before may still arrive."""
        ...

    def stop(self, partition: Partition) -> None:
        """Fetch no more from this partition until it is started again."""
        ...
