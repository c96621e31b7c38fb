"""The stored form of a device's row: a format version, then the state in MessagePack.

Rows are written with every batch that touches their device, so they are small: arrays without
field names, digests as bytes. The version leads, so that an older worker refuses a newer row
instead of misreading it, and a newer one can read older rows.
"""

from typing import Final

import msgspec

from agents.core.state import DeviceState
from events.errors import InvariantBroken

ROW_FORMAT: Final = 2
"""The format written. Any change of the fields of `agents.core.state` needs a new number and an
upcast from every older one, an appended field too: a worker that does not know it would drop it
when it writes the row again.

Format 2 has `bucket_full_ms` and `used_challenges` behind what format 1 has."""

_LEAD: Final = bytes([ROW_FORMAT])
_READ_AS_IT_IS: Final = (b"\x01", _LEAD)
"""Formats that differ by fields at the end only: a row without them has their defaults."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(DeviceState).decode


def encode_row(state: DeviceState) -> bytes:
    """The row as it is stored."""
    return _LEAD + _encode(state)


def decode_row(row: bytes) -> DeviceState:
    """The state in a stored row.

    Raises:
        InvariantBroken: a newer format than this worker knows, or no row at all.
    """
    if row[:1] not in _READ_AS_IT_IS:
        found = row[0] if row else "none"
        raise InvariantBroken(
            "row.format_unknown", f"row format {found}; this worker knows up to {ROW_FORMAT}"
        )
    try:
        return _decode(memoryview(row)[1:])
    except msgspec.DecodeError as error:
        raise InvariantBroken("row.unreadable", "a stored row cannot be read") from error
