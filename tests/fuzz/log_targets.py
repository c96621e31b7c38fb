"""Fuzz targets of what comes out of the log: rows, positions, record batches, the changelog."""

from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import KafkaError
from aiokafka.record.util import calc_crc32c

from agents.device_rows import decode_row, encode_row
from agents.lane.kafka.changelog import take_fetched
from agents.lane.kafka.record_batches import _FetchedBatches
from agents.lane.position import Position, UnreadablePosition, decode_position
from events.errors import InvariantBroken
from tests.fuzz.expected import check_error

_CRC_AT: Final = 17
_ATTRIBUTES_AT: Final = 21
_LENGTH_AT: Final = 8
_HEAD_BYTES: Final = 61
_EXPANSION_MAX: Final = 4_000
"""Bytes of records for one byte of a batch, beyond which an input is a bomb."""


def rows(data: bytes) -> None:
    """A stored row is read, and written again as the same one, or breaks an invariant."""
    try:
        state = decode_row(data)
    except InvariantBroken as broken:
        check_error(broken, {"row.format_unknown", "row.unreadable"})
        return
    assert decode_row(encode_row(state)) == state


def positions(data: bytes) -> None:
    """A position record is read, or it is unreadable."""
    try:
        position = decode_position(data)
    except UnreadablePosition:
        return
    assert decode_position(position.encode()) == position
    assert [type(field) for field in position] == [str, int, int, int]
    assert Position(*position) == position


def record_batches(data: bytes) -> None:
    """Bytes that a broker hands out are records, or an exception, at which the partition parks.

    Whatever exception it is (`agents.lane.log.FetchedBatch`); never a hang, nor more memory than
    the bytes are worth.
    """
    records = _FetchedBatches(_with_sound_sums(data))
    read = 0
    with suppress(Exception):
        while records.has_next():
            batch: Any = records.next_batch()
            if batch is None:
                break
            if batch.validate_crc():
                read += sum(map(_size, batch))
    assert read <= len(data) * _EXPANSION_MAX, read


def _size(record: Any) -> int:  # noqa: ANN401 - aiokafka has no types
    size = len(record.key or b"") + len(record.value or b"")
    return size + sum(len(name) + len(value or b"") for name, value in record.headers)


def changelog(data: bytes) -> None:
    """As for batches, in the read that an opening waits for."""
    changes: dict[bytes, bytes | None] = {}
    with suppress(KafkaError):
        take_fetched(_with_sound_sums(data), [(1, 0)], changes, 0)


def _with_sound_sums(data: bytes) -> bytes:
    """The bytes with a true length and checksum in each batch that is whole.

    A broker keeps no others, and a fuzzer would look for one checksum for ever.
    """
    mended = bytearray(data)
    start = 0
    while len(mended) - start >= _HEAD_BYTES:
        claimed = int.from_bytes(mended[start + _LENGTH_AT : start + 12], "big", signed=True)
        end = start + 12 + claimed
        if claimed < _HEAD_BYTES - 12 or end > len(mended):
            end = len(mended)
            mended[start + _LENGTH_AT : start + 12] = (end - start - 12).to_bytes(4, "big")
        sum_ = calc_crc32c(bytes(mended[start + _ATTRIBUTES_AT : end]))
        mended[start + _CRC_AT : start + 21] = sum_.to_bytes(4, "big")
        start = end
    return bytes(mended)
