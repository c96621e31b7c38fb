"""Fetched record batches: kept whole by the consumer, parsed only where records are decided.

Some things of aiokafka's are replaced here, for the whole process. A consumer made with
`WholeBatches` hands out record batches instead of records: an aborted or a control batch is still
left out by aiokafka, but nothing in a batch is parsed before a lane asks for it, record by record.
And a record whose header names are not UTF-8, which Kafka carries and aiokafka cannot read, is read
with every byte of such a name beyond ASCII turned into `?`: by whoever may write to a topic, one
such record would stop its partition for good. Nothing else of a record is touched.

A batch that would take too much memory (`agents.lane.kafka.expansion`) is not unpacked: a record
without key and value stands for each of its records, so that each is answered for, and none of them
stops the partition.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# pyright: reportPrivateUsage=false, reportUntypedBaseClass=false
# ruff: noqa: ANN401

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint_py as decode_varint

from agents.lane.kafka.expansion import EXPANDED_BYTES_MAX, TooLarge, unpacked
from agents.lane.port import InputRecord

_RECORD_COUNT: Final = struct.Struct(">i")
_RECORD_COUNT_AT: Final = 57
"""Where a batch of message format 2 says how many records are in it."""

_RECORDS_AT_ONCE: Final = 128
"""How many records are parsed before the first of them is handed out."""

UNREAD_HEADER: Final = "biolatch-batch-unreadable"
"""The only header of a record that stands for one that was not read, and says why."""


def replace_record_parsing() -> None:
    """Make all consumers of this process parse as said above; harmless when repeated."""
    fetcher.MemoryRecords = _FetchedBatches
    fetcher.PartitionRecords = _FetchedPartition


class WholeBatches:
    """Makes a consumer hand out record batches, `LazyRecords` instead of records.

    To be given as its key deserializer, which is the only thing of a consumer's own that aiokafka
    passes on to its parsers; with it, `max_records=1` means one `LazyRecords`.
    """

    def __init__(self, records_max: int) -> None:
        """Bound the records of one `LazyRecords`; the batch that passes the bound is the last."""
        self.records_max: Final = records_max


class LazyRecords:
    """Successive records of one partition, parsed as one iterates, once."""

    def __init__(self, batches: Sequence["_Batch"]) -> None:
        """Join batches."""
        self._batches = batches

    def __iter__(self) -> Iterator[InputRecord]:
        """Parse; whatever aiokafka raises at bytes that are no records comes out."""
        return chain.from_iterable(slices for batch in self._batches for slices in batch.slices())


class _Batch:
    """A record batch: aiokafka's, and the bytes to read it from once more.

    Attributes:
        raw: those bytes.
    """

    def __init__(self, raw: memoryview, batch: Any) -> None:
        self.raw = memoryview(raw)
        self._batch = batch
        self._start = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def start_at(self, offset: int) -> "_Batch":
        """Leave out what lies before."""
        self._start = offset
        return self

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        """All records."""
        return chain.from_iterable(self.slices())

    @property
    def offset(self) -> int:
        """The last offset: where aiokafka takes the batch for a record."""
        last: int = self._batch.next_offset - 1
        return last

    @property
    def record_count(self) -> int:
        """How many records are in it, as it says itself."""
        count: int = _RECORD_COUNT.unpack_from(self.raw, _RECORD_COUNT_AT)[0]
        return count

    def slices(self) -> Iterator[list[Any]]:
        """The records from where the consumer stands, some at a time."""
        start = self._start
        try:
            plain = unpacked(self.raw)
        except TooLarge:
            plain = self.raw
            records = _unread(self.raw)
        else:
            batch = self._batch if plain is self.raw else type(self._batch)(plain)
            records = chain(batch)  # asked once for its iterator, as aiokafka demands
        try:
            while some := list(islice(records, _RECORDS_AT_ONCE)):
                yield some if some[0].offset >= start else _from(start, some)
                start = some[-1].offset + 1
        except UnicodeDecodeError:
            yield _from(start, _MendedBatch(plain))


class _UnreadRecord(NamedTuple):
    """Stands for a record of a batch that is not unpacked: its place, and why nothing is there."""

    offset: int
    timestamp: int
    timestamp_type: int
    headers: Sequence[tuple[str, bytes | None]] = (
        (UNREAD_HEADER, b"its batch expands beyond %d bytes" % EXPANDED_BYTES_MAX),
    )
    key: bytes | None = None
    value: bytes | None = None
    checksum: None = None


def _unread(raw: memoryview) -> Iterator[_UnreadRecord]:
    """As many records as the batch says; the broker has counted them."""
    head = _DefaultRecordBatchPy(raw[: DefaultRecordBase.HEADER_STRUCT.size])
    kind: int = head.timestamp_type
    timestamp: int = head.max_timestamp if kind else head.first_timestamp
    base: int = head.base_offset
    (count,) = _RECORD_COUNT.unpack_from(raw, _RECORD_COUNT_AT)
    return (_UnreadRecord(base + place, timestamp, kind) for place in range(count))


def _from(start: int, records: Iterable[Any]) -> list[Any]:
    return [record for record in records if record.offset >= start]


class _FetchedBatches(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka's, untyped
    """Fetched bytes, batch by batch, as the fetcher reads them.

    Attributes:
        whole: whether a batch passes for its only record.
    """

    whole = False

    def next_batch(self, *_offsets: Any, **_named_offsets: Any) -> Any:
        """Return the next batch, or None."""
        raw = self._next_slice
        batch = super().next_batch()
        if raw is None or batch is None:
            return None
        return _WholeBatch(raw, batch) if self.whole else _Batch(raw, batch)


class _WholeBatch(_Batch):
    """A batch that passes for its only record."""

    def __iter__(self) -> Iterator[Any]:
        """Itself."""
        yield self


class _FetchedPartition(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka's, untyped
    """What one fetch brought from one partition; aborted and control batches are left out here."""

    def __init__(
        self, tp: Any, records: _FetchedBatches, aborted: Any, offset: int, key: Any, *more: Any
    ) -> None:
        """See aiokafka's class; `key` is the consumer's key deserializer."""
        super().__init__(tp, records, aborted, offset, key, *more)
        self._whole = key if isinstance(key, WholeBatches) else None
        records.whole = self._whole is not None

    def __next__(self) -> Any:
        """Return the next record, or as many whole batches as belong together."""
        if self._whole is None:
            return super().__next__()
        batches: list[_Batch] = []
        records = 0
        while self._records_iterator is not None and records < self._whole.records_max:
            try:
                batch: Any = super().__next__()
            except StopIteration:
                break
            except Exception:
                if not batches:
                    raise
                break  # what is good comes first; the same error comes again at the next fetch
            batches.append(batch)
            records += batch.record_count
        if not batches:
            raise StopIteration
        return LazyRecords(batches)

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        if isinstance(record, _Batch):
            return record.start_at(self.next_fetch_offset)
        return super()._consumer_record(tp, record)


class _MendedBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka's, untyped
    """A batch whose header names are made readable before it is read."""

    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            super()._maybe_uncompress()
            self._mend_header_names()

    def _mend_header_names(self) -> None:
        """Walk all records as the format has them (Kafka's message format 2).

        By aiokafka's numbers in Python: the compiled ones are read past the end of the bytes.
        """
        buffer: bytearray = self._buffer
        position: int = self._pos
        for _ in range(self._num_records):
            length, position = _size_at(buffer, position)
            end = position + length
            for _field in ("attributes", "timestamp", "offset"):
                _, position = decode_varint(buffer, position)
            for _field in ("key", "value"):
                size, position = decode_varint(buffer, position)
                position += max(size, 0)
            headers, position = decode_varint(buffer, position)
            for _header in range(headers):
                size, position = _size_at(buffer, position)
                _mend(buffer, position, position + size)
                position += size
                size, position = decode_varint(buffer, position)
                position += max(size, 0)
            position = end


def _size_at(buffer: bytearray, position: int) -> tuple[int, int]:
    """A size that cannot be null, and the place behind it: a walk that goes back never ends."""
    size, position = decode_varint(buffer, position)
    if size < 0:
        raise CorruptRecordException("a size below 0")
    return size, position


def _mend(buffer: bytearray, start: int, end: int) -> None:
    name = buffer[start:end]
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        buffer[start:end] = bytes(byte if byte < 0x80 else ord("?") for byte in name)  # noqa: PLR2004 - ASCII
