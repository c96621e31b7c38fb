"""Rows that come to know of other offsets than those they were written with.

A row's watermark says up to which offset its partition's records are in it. It is right only for
the log that the row was written for: where an input starts anew, or a row moves to another
partition, a watermark that stayed would make a lane take new records for old ones.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from agents.device_rows import decode_row, encode_row
from agents.lane.port import RESERVED_KEY_PREFIX
from agents.row_places import ERASED_PREFIX


def is_row_of_a_device(key: bytes) -> bool:
    """Whether a device's row stands under this key of a changelog, and not something else."""
    return not key.startswith(RESERVED_KEY_PREFIX) or key.startswith(ERASED_PREFIX)


def with_watermark(row: bytes, watermark: int) -> bytes:
    """The row with another watermark.

    Raises:
        InvariantBroken: it is no row, or one of a newer format.
    """
    return encode_row(replace(decode_row(row), watermark=watermark))


def rows_as_of(rows: Mapping[bytes, bytes], offset: int) -> Iterator[tuple[bytes, bytes]]:
    """Those rows that know of this offset or later ones, changed to know of none of these.

    Raises:
        InvariantBroken: what should be a row is none, or one of a newer format.
    """
    for key, row in rows.items():
        if is_row_of_a_device(key) and decode_row(row).watermark >= offset:
            yield key, with_watermark(row, offset - 1)
