"""Records as bytes that a fuzzer can change: fields behind one another, none of them counted.

Any bytes are some records, so no input is wasted; a byte more or less leaves the other fields where
they are. A record is its timestamp in decimal, its key, its value, and names and values of headers
in turn, each ended by the unit separator; records are ended by the group separator.
"""

from collections.abc import Iterable
from typing import Final

from tests.unit.sound_records import NOW_MS, Record

_UNIT: Final = b"\x1f"
_GROUP: Final = b"\x1d"
_ESCAPE: Final = b"\x1b"
_ESCAPED: Final = (_ESCAPE, _UNIT, _GROUP)
_NULL: Final = b"\x16"
_RECORDS_MAX: Final = 40


def to_form(records: Iterable[Record]) -> bytes:
    """The bytes of records."""
    return _GROUP.join(_UNIT.join(_fields(record)) for record in records)


def from_form(form: bytes) -> list[Record]:
    """The records of any bytes, at least one; offsets count from 0."""
    parts = form.split(_GROUP)[:_RECORDS_MAX]
    return [_record(part, offset) for offset, part in enumerate(parts)]


def _fields(record: Record) -> Iterable[bytes]:
    yield b"" if record.timestamp == NOW_MS else str(record.timestamp).encode()
    yield _escaped(record.key)
    yield _escaped(record.value)
    for name, value in record.headers:
        yield _escaped(name.encode())
        yield _escaped(value)


def _record(part: bytes, offset: int) -> Record:
    timestamp, key, value, *pairs = [*part.split(_UNIT), b"", b"", b""][
        : max(3, part.count(_UNIT) + 1)
    ]
    headers = tuple(
        (_name(_unescaped(name) or b""), _unescaped(text))
        for name, text in zip(pairs[::2], pairs[1::2], strict=False)
    )
    return Record(_unescaped(key), _unescaped(value), headers, _timestamp(timestamp), offset)


def _timestamp(text: bytes) -> int:
    try:
        return max(-(2**63), min(int(text[:20]), 2**63 - 1))  # what a record can have
    except ValueError:
        return NOW_MS


def _name(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:  # as the reader of batches has it
        return "".join(chr(byte) if byte < 0x80 else "?" for byte in raw)


def _escaped(field: bytes | None) -> bytes:
    if field is None:
        return _NULL
    for special in _ESCAPED:
        field = field.replace(special, _ESCAPE + bytes([special[0] ^ 0x40]))
    return _ESCAPE + field if field == _NULL else field


def _unescaped(field: bytes) -> bytes | None:
    if field == _NULL:
        return None
    if _ESCAPE not in field:
        return field
    for special in reversed(_ESCAPED):
        field = field.replace(_ESCAPE + bytes([special[0] ^ 0x40]), special)
    return field.removeprefix(_ESCAPE) if field == _ESCAPE + _NULL else field
