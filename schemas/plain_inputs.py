"""The short way from a record to its fact, for records written as most publishers write them.

Must never say anything that the exact reader (`schemas.inputs`) would not: whatever is unusual here
(another mode, a repeated header, an escape, a letter that is not ASCII, a field too many, a fault)
is left to it. Tests hold the two against each other.

JSON readers differ on duplicate names; the one used here keeps the last. So names are counted:
without a backslash every `":` closes a name, and where there are as many as fields are known to be
there, no name stands there twice and none is unknown. In the same way texts without a backslash,
DEL or a letter beyond ASCII are printable ASCII as a whole, for JSON has no raw control characters.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias, cast

import msgspec

from events.facts import FACT_TYPES, AnyFactData, Fact, InstantMs, PublicKey
from events.timestamps import parse_rfc3339
from events.vocabulary import ID_LENGTH_MAX

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

_ENVELOPE: Final[Callable[[Mapping[str, bytes | None]], tuple[bytes | None, ...]]] = itemgetter(
    "content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"
)
_SPACED_COLONS: Final = (b" :", b"\t:", b"\n:", b"\r:")
"""All space that JSON knows, before what may close a name that the count below would not see."""

_PUBLIC_KEY_FIELDS: Final = frozenset(PublicKey.__struct_fields__)


class _Kind(NamedTuple):
    """How the data of one event type is read.

    Attributes:
        data_type: what it becomes.
        decode: for data without times.
        required: how many fields must be there.
        optional: the other names, as they stand in the value.
        fields: the names of all.
        instants: the names of those that are times.
    """

    data_type: type[AnyFactData]
    decode: Callable[[bytes], AnyFactData]
    required: int
    optional: tuple[bytes, ...]
    fields: frozenset[str]
    instants: tuple[str, ...]


def _kind(data_type: type[AnyFactData]) -> _Kind:
    fields = msgspec.structs.fields(data_type)
    return _Kind(
        data_type=data_type,
        decode=msgspec.json.Decoder(data_type).decode,
        required=sum(field.required for field in fields),
        optional=tuple(f'"{field.name}":'.encode() for field in fields if not field.required),
        fields=frozenset(field.name for field in fields),
        instants=tuple(field.name for field in fields if field.type == InstantMs),
    )


_KINDS: Final[Mapping[bytes | None, _Kind]] = {
    data_type.event_type.encode(): _kind(data_type) for data_type in FACT_TYPES
}
_decode_object: Final = msgspec.json.Decoder(dict[str, object]).decode


def read_plainly(
    key: bytes, value: bytes, headers: Headers, *, timestamp_ms: int, offset: int
) -> Fact | None:
    """The fact that a record reports; None for the exact reader to find out.

    Args:
        key: the record's key, the device id.
        value: the record's value, within its largest size.
        headers: the record's headers in wire order.
        timestamp_ms: the record's timestamp, in the years that rules can reckon with.
        offset: the record's place in its partition.
    """
    attributes = dict(headers)
    if len(attributes) != len(headers):
        return None
    try:
        content_type, version, event_id, source, event_type, subject, time = _ENVELOPE(attributes)
    except KeyError:
        return None
    kind = _KINDS.get(event_type)
    if (
        kind is None
        or subject != key
        or version != b"1.0"
        or content_type != b"application/json"
        or event_id is None
        or source is None
        or time is None
    ):
        return None
    try:
        data = _data(kind, value)
        if data is None:
            return None
        return Fact(
            _id(event_id),
            _source(source),
            _id(key),
            parse_rfc3339(time.decode()),
            timestamp_ms,
            offset,
            data,
        )
    except (ValueError, msgspec.DecodeError, RecursionError):
        return None


def _id(raw: bytes) -> str:
    text = raw.decode("ascii")
    if 1 <= len(text) <= ID_LENGTH_MAX and text.isprintable():
        return text
    raise ValueError("not an id")


_source: Final = lru_cache(maxsize=1024)(_id)
"""Publishers are few."""


def _data(kind: _Kind, value: bytes) -> AnyFactData | None:
    if not value.isascii() or b"\\" in value or b"\x7f" in value:
        return None
    names = value.count(b'":')
    if names != value.count(b":"):
        for spaced in _SPACED_COLONS:
            if spaced in value:
                return None
    if kind.instants:
        return _data_with_times(kind, value, names)
    if names != kind.required and names != kind.required + sum(
        [name in value for name in kind.optional]
    ):
        return None
    return kind.decode(value)


def _data_with_times(kind: _Kind, value: bytes, names: int) -> AnyFactData | None:
    """As `_data`; a time is written otherwise than it is kept, so it takes a step between."""
    members = _decode_object(value)
    read = len(members)
    if not members.keys() <= kind.fields:
        return None
    public_key: object = members.get("public_key")
    if isinstance(public_key, dict):
        inner = cast("dict[str, object]", public_key)
        if not inner.keys() <= _PUBLIC_KEY_FIELDS:
            return None
        read += len(inner)
    if read != names:
        return None
    for name in kind.instants:
        written = members.get(name)
        if type(written) is not str:
            return None
        members[name] = parse_rfc3339(written)
    return msgspec.convert(members, kind.data_type)
