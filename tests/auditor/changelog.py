"""The changelog as it is stored: a position for each partition, and one row for each device.

Read without the product's types, so that a field that moved or changed its meaning shows.
"""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import new as hmac
from typing import Any, NamedTuple

import msgspec

POSITION_KEY = b"\x00position"
KEY_ID_KEY = b"\x00erasure-key"
LANE_KEYS = (POSITION_KEY, KEY_ID_KEY)
ROW_FORMAT = 2

_ROW = (
    "bio_epoch",
    "last_change",
    "users",
    "recent_events",
    "erased_at",
    "user_marks",
    "watermark",
    "bucket_full_at",
    "used_challenges",
)
_USER = (
    "user_id",
    "status",
    "disabled_reason",
    "fallback_reason",
    "since",
    "method",
    "platform",
    "key_id",
    "public_key",
    "key_binding",
    "old_keys",
    "failures",
    "failures_in_a_row",
    "seq",
    "troubled_fallbacks",
    "failure_fallbacks",
    "wait_until",
    "fallback_login_id",
    "last_advice",
    "guided_login_id",
    "allow_re_enable",
    "declined_at",
    "lowered_at",
    "absent_since",
)


class Position(NamedTuple):
    """Where a partition stands."""

    topic: str
    next_offset: int
    partition_count: int
    row_format: int


def read_position(value: bytes | None) -> Position:
    """ValueError for anything but a position record."""
    fields = json.loads(value or b"")
    if not isinstance(fields, dict) or set(fields) != set(Position._fields):
        raise ValueError("not the fields of a position record")
    return Position(**fields)


def erased_key(secret: bytes, device_id: str) -> bytes:
    """Under which key the row of an erased device stands."""
    return b"\x00erased/" + _mark(secret, b"device", device_id.encode())


def user_mark(secret: bytes, device_id: str, user_id: str) -> str:
    """What stands in a row for an erased user."""
    return "\x00" + _mark(secret, b"user", f"{device_id}\0{user_id}".encode()).decode()


def _mark(secret: bytes, kind: bytes, message: bytes) -> bytes:
    mac = hmac(secret, b"biolatch erasure mark 1\0" + kind + b"\0" + message, sha256)
    return urlsafe_b64encode(mac.digest()).rstrip(b"=")


def read_row(value: bytes | None) -> dict[str, Any]:
    """A row by field names; ValueError for anything but a row of our format."""
    if value is None or value[:1] != bytes([ROW_FORMAT]):
        raise ValueError(f"not a row of format {ROW_FORMAT}")
    row = _named(_ROW, msgspec.msgpack.decode(value[1:]))
    row["users"] = {fields[0]: _named(_USER, fields) for fields in row["users"]}
    row["user_marks"] = dict(row["user_marks"])
    return row


def _named(names: tuple[str, ...], fields: list[Any]) -> dict[str, Any]:
    return dict(zip(names, fields, strict=True))
