"""What a lane takes in and gives out: the types between the log, the lane and the domain.

Owns the vocabulary that both sides of the lane speak. Must never import a Kafka client, Faust or
anything of the domain. Invariant: whatever a `BatchHandler` returns for some records is committed
in one transaction with a position behind those records, or not at all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]
"""Headers in wire order; a name may occur more than once, and a value may be null."""

OutgoingRecord: TypeAlias = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers of a record to write. A value of None is a tombstone."""

Count: TypeAlias = tuple[str, ...]
"""What a handler counts: its name, and what tells it apart from others of that name."""

RESERVED_KEY_PREFIX = b"\x00"
"""Changelog keys that start so are no record's key. The lane has its own under `position` and
`store`, which a handler neither sees nor writes; a handler may have others."""


class Rows(Protocol):
    """The rows of one input partition by key, with the effects of every record decided before.

    Live, and to be read only: valid only during the call they were passed to.
    """

    def get(self, key: bytes, /) -> bytes | None:
        """Return a row; None when there is none."""
        ...


class Partition(NamedTuple):
    """One partition of one topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        """Return `topic/number`, the form used in logs and in record ids."""
        return f"{self.topic}/{self.number}"


class InputRecord(Protocol):
    """One record as it was read; the names are those of aiokafka's `ConsumerRecord`."""

    @property
    def offset(self) -> int:
        """The record's offset in its partition. Offsets rise, with gaps."""
        ...

    @property
    def timestamp(self) -> int:
        """The record's timestamp in milliseconds since 1970-01-01 UTC."""
        ...

    @property
    def key(self) -> bytes | None:
        """The key as published."""
        ...

    @property
    def value(self) -> bytes | None:
        """The value as published; None for a tombstone."""
        ...

    @property
    def headers(self) -> Headers:
        """The headers in wire order."""
        ...


class LatestRecord(NamedTuple):
    """The record that a compacted topic shall hold for its key from now on.

    Attributes:
        record: what to write.
        replaced: the value that the topic held for the key before; None for none.
    """

    record: OutgoingRecord
    replaced: bytes | None


class Notice(NamedTuple):
    """What is worth telling of one record and its outputs, to whoever reads a log or a trace.

    Attributes:
        offset: of the record.
        timestamp_ms: of the record (ms since 1970).
        answer: what became of it, by the handler's own names; no key and no personal id.
        trace: W3C `traceparent` of the trace that the record belongs to; None for none.
    """

    offset: int
    timestamp_ms: int
    answer: Mapping[str, str]
    trace: str | None = None


class BatchResult(NamedTuple):
    """What some records lead to.

    A lane puts the results of successive records into one transaction: all of it becomes visible
    at once, or nothing does.

    Attributes:
        outgoing: records by topic, in the order to write them. Each goes to the partition with
            the number of the input's.
        rows: the new value of every row that changed; None deletes the row. Only the last value
            for a key in a transaction reaches the changelog.
        latest: records by topic and key, for topics that hold the last record of each key. Only
            the last one for a key in a transaction is written, and only if it says something else
            than what was there before.
        counts: how many of what there were, for whoever watches: no key and no personal id.
            Counted when the transaction is committed, so each record counts once.
        notices: what is worth telling; told when the transaction is committed, so told once.
    """

    outgoing: Mapping[str, Sequence[OutgoingRecord]]
    rows: Mapping[bytes, bytes | None]
    latest: Mapping[str, Mapping[bytes, LatestRecord]] = MappingProxyType({})
    counts: Mapping[Count, int] = MappingProxyType({})
    notices: Sequence[Notice] = ()


class BatchHandler(Protocol):
    """The domain's side of a lane: pure, synchronous, the same answer for the same arguments.

    It may be asked again for the same records (after an abort, a crash or a rebalance), with the
    rows as they were then.
    """

    @property
    def row_format(self) -> int:
        """The newest row format this handler reads and writes; a lane refuses newer rows."""
        ...

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        """Decide at least one record, in order.

        A fetched batch comes in several calls; the lane brings their results together.

        Raises:
            PoisonRecord: a record that cannot be decided; its partition is parked at that record.
            Exception: anything else parks the partition too, after the lane has decided record
                by record to find the first one that raises.
        """
        ...

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        """Turn one record into its dead letter, undecided: an operator chose to skip it."""
        ...


@runtime_checkable
class PreparingHandler(Protocol):
    """A handler with work on records that can be done before it is their turn, and elsewhere."""

    def prepare(
        self, rows: Rows, records: Sequence[InputRecord], /
    ) -> asyncio.Future[Sequence[InputRecord]] | None:
        """Begin to prepare records, and return at once; None where nothing is to be done.

        The lane asks while it decides the records before them. What comes out is decided in place
        of the records: as many, in the same order, with their offsets and timestamps. It may never
        be decided at all, and nothing else may depend on it. Raises nothing: what is wrong with a
        record is said when it is decided.

        Args:
            rows: as they are now, to be read during the call; records in between may change them.
            records: what comes next.
        """
        ...


@runtime_checkable
class UnkeyedHandler(Protocol):
    """A handler whose rows are about their partition, and not about keys that live there.

    They stay true when the input gets more partitions and keys move; so its partitions are served
    on, where those of any other handler wait until somebody has moved their rows.
    """

    rows_are_unkeyed: Literal[True]


class PoisonRecord(Exception):  # noqa: N818 - names the record at fault
    """A record that the handler cannot decide and that must not be passed over silently.

    The message ends up in logs: it carries no key, no value and no personal id.
    """

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
