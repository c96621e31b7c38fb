"""Records whose header names are not UTF-8: Kafka carries them, and aiokafka cannot read them.

One such record, by whoever may write to a topic, would stop its partition for good: aiokafka raises
before anybody sees the record. So its reader of fetched batches is replaced, for the whole process,
by one that tries again with every byte of such a name turned into `?`. Nothing else of a record is
touched, and batches without such a name are read by aiokafka's own code.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# pyright: reportPrivateUsage=false, reportUntypedBaseClass=false
# ruff: noqa: ANN401

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint


def read_every_header_name() -> None:
    """Make all consumers of this process able to read such records; harmless when repeated."""
    fetcher.MemoryRecords = LenientRecords


class LenientRecords(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka's, untyped
    """Fetched bytes, batch by batch, as the fetcher reads them."""

    def next_batch(self, *_offsets: Any, **_named_offsets: Any) -> Any:
        """Return the next batch, or None."""
        raw = self._next_slice
        batch = super().next_batch()
        return None if raw is None or batch is None else _LenientBatch(raw, batch)


class _LenientBatch:
    """aiokafka's batch, and the bytes to read it from once more."""

    def __init__(self, raw: memoryview, batch: Any) -> None:
        self._raw = raw
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(_MendedBatch(self._raw))


class _MendedBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka's, untyped
    """A batch whose header names are made readable before it is read."""

    def _maybe_uncompress(self) -> None:
        if not self._decompressed:
            super()._maybe_uncompress()
            self._mend_header_names()

    def _mend_header_names(self) -> None:
        """Walk all records as the format has them (Kafka's message format 2)."""
        buffer: bytearray = self._buffer
        position: int = self._pos
        for _ in range(self._num_records):
            length, position = decode_varint(buffer, position)
            end = position + length
            for _field in ("attributes", "timestamp", "offset"):
                _, position = decode_varint(buffer, position)
            for _field in ("key", "value"):
                size, position = decode_varint(buffer, position)
                position += max(size, 0)
            headers, position = decode_varint(buffer, position)
            for _header in range(headers):
                size, position = decode_varint(buffer, position)
                _mend(buffer, position, position + size)
                position += size
                size, position = decode_varint(buffer, position)
                position += max(size, 0)
            position = end


def _mend(buffer: bytearray, start: int, end: int) -> None:
    name = buffer[start:end]
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        buffer[start:end] = bytes(byte if byte < 0x80 else ord("?") for byte in name)  # noqa: PLR2004 - ASCII
