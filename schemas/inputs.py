"""From a record of the input topic to a fact: the CloudEvents envelope and the data inside it.

Owns what design section 2 accepts: CloudEvents 1.0 on Kafka in binary and structured mode. Must
accept whatever the publisher's side could send and refuse everything else with a code of
`schemas.malformed`. The subject is the key, so a record cannot speak of another device.
"""

from collections.abc import Mapping
from typing import Final

from events.facts import FACT_TYPES, AnyFactData, Fact
from events.timestamps import parse_rfc3339
from events.vocabulary import ID_LENGTH_MAX
from schemas.malformed import MalformedCode, malformed
from schemas.plain_inputs import Headers, read_plainly
from schemas.strict_facts import read_strictly
from schemas.strict_json import Json, read_object
from schemas.topics import INPUT_VALUE_BYTES_MAX
from schemas.validation import UnknownFields

NOW_MS_MAX: Final = 253_339_228_800_000
"""Records dated from the year 9998 on are refused: a policy adds up to 366 days to a record's time,
and what is later than the year 9999 could not be written."""

_JSON: Final = "application/json"
_STRUCTURED: Final = "application/cloudevents+json"
_SPECVERSION: Final = "1.0"
_BY_TYPE: Final[Mapping[str, type[AnyFactData]]] = {
    data_type.event_type: data_type for data_type in FACT_TYPES
}
_TYPE_NAMES: Final = frozenset(name.rpartition(".")[0] for name in _BY_TYPE)


def decode(
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    timestamp_ms: int,
    offset: int,
    unknown_fields: UnknownFields = "ignore",
) -> Fact:
    """The fact that a record reports.

    Args:
        key: the record's key, the device id.
        value: the record's value.
        headers: the record's headers in wire order.
        timestamp_ms: the record's timestamp, which becomes the only "now" of the rules.
        offset: the record's place in its partition.
        unknown_fields: consumers ignore them, publishers forbid them.

    Raises:
        MalformedInput: with one of the codes of `schemas.malformed.MalformedCode`.
    """
    if (
        key is not None
        and value is not None
        and len(value) <= INPUT_VALUE_BYTES_MAX
        and 0 <= timestamp_ms < NOW_MS_MAX
    ):
        fact = read_plainly(key, value, headers, timestamp_ms=timestamp_ms, offset=offset)
        if fact is not None:
            return fact
    return _read_exactly(key, value, headers, timestamp_ms, offset, unknown_fields)


def _read_exactly(
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    timestamp_ms: int,
    offset: int,
    unknown_fields: UnknownFields,
) -> Fact:
    """As `decode`, whatever the record looks like."""
    device_id = _device_id(key)
    if value is None:
        raise malformed(MalformedCode.TOMBSTONE, "the record has no value")
    if len(value) > INPUT_VALUE_BYTES_MAX:
        raise malformed(
            MalformedCode.VALUE_TOO_LARGE, f"the value is larger than {INPUT_VALUE_BYTES_MAX} bytes"
        )
    if not 0 <= timestamp_ms < NOW_MS_MAX:
        raise malformed(
            MalformedCode.TIMESTAMP_INVALID,
            "the record's timestamp is not in the years 1970 to 9997",
        )
    attributes, data = _open_envelope(value, headers)
    if attributes["subject"] != device_id:
        raise malformed(MalformedCode.SUBJECT_MISMATCH, "the subject is not the record's key")
    data_type = _data_type(attributes["type"])
    return Fact(
        event_id=_id(attributes["id"], MalformedCode.ID_INVALID, "id"),
        source=_id(attributes["source"], MalformedCode.SOURCE_INVALID, "source"),
        device_id=device_id,
        occurred_at_ms=_time_ms(attributes["time"]),
        now_ms=timestamp_ms,
        offset=offset,
        data=read_strictly(data_type, read_object(value) if data is None else data, unknown_fields),
    )


def _device_id(key: bytes | None) -> str:
    if key is None:
        raise malformed(MalformedCode.KEY_MISSING, "the record has no key")
    return _id(key.decode("latin-1"), MalformedCode.KEY_INVALID, "key")


def _id(text: str, code: MalformedCode, name: str) -> str:
    if 1 <= len(text) <= ID_LENGTH_MAX and text.isascii() and text.isprintable():
        return text
    raise malformed(code, f"{name} is not 1 to {ID_LENGTH_MAX} printable ASCII characters")


def _time_ms(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise malformed(MalformedCode.TIME_INVALID, f"time is {error}") from error


def _data_type(name: str) -> type[AnyFactData]:
    data_type = _BY_TYPE.get(name)
    if data_type is not None:
        return data_type
    if name.rpartition(".")[0] in _TYPE_NAMES:
        raise malformed(MalformedCode.TYPE_VERSION_UNKNOWN, "the type is known, its version is not")
    raise malformed(MalformedCode.TYPE_UNKNOWN, "the type is not one of biolatch's input events")


_REQUIRED: Final = ("specversion", "id", "source", "type", "subject", "time")


def _open_envelope(
    value: bytes, headers: Headers
) -> tuple[Mapping[str, str], dict[str, Json] | None]:
    """The envelope's attributes, and in structured mode the data that travels inside it."""
    by_name = dict(headers)
    if len(by_name) != len(headers):
        _refuse_repeated(headers)
    content_type = by_name.get("content-type")
    if content_type is None:
        raise malformed(MalformedCode.ATTRIBUTE_MISSING, "header content-type is missing")
    media_type = content_type.decode("latin-1")
    if media_type != _JSON:
        media_type = _media_type(media_type)
    if media_type == _JSON:
        return _binary_attributes(by_name), None
    if media_type == _STRUCTURED:
        return _structured_attributes(value)
    raise malformed(
        MalformedCode.CONTENT_TYPE_UNKNOWN, f"content-type is neither {_JSON} nor {_STRUCTURED}"
    )


def _refuse_repeated(headers: Headers) -> None:
    seen: set[str] = set()
    for name, _ in headers:
        if name in seen and (name.startswith("ce_") or name == "content-type"):
            raise malformed(MalformedCode.HEADER_REPEATED, "an envelope header occurs twice")
        seen.add(name)


def _binary_attributes(by_name: Mapping[str, bytes | None]) -> Mapping[str, str]:
    attributes: dict[str, str] = {}
    for name in _REQUIRED:
        header = by_name.get("ce_" + name)
        if header is None:
            raise malformed(MalformedCode.ATTRIBUTE_MISSING, f"header ce_{name} is missing")
        # Bytes that are not ASCII become characters that no check below lets pass.
        attributes[name] = header.decode("latin-1")
    _check_specversion(attributes["specversion"])
    return attributes


def _structured_attributes(value: bytes) -> tuple[Mapping[str, str], dict[str, Json]]:
    event = read_object(value)
    attributes: dict[str, str] = {}
    for name in _REQUIRED:
        attribute = event.get(name)
        if attribute is None:
            raise malformed(MalformedCode.ATTRIBUTE_MISSING, f"attribute {name} is missing")
        if not isinstance(attribute, str):
            raise malformed(MalformedCode.FIELD_TYPE, f"attribute {name} is not a text")
        attributes[name] = attribute
    _check_specversion(attributes["specversion"])
    content_type = event.get("datacontenttype")
    if content_type is not None and not _is_json(content_type):
        raise malformed(MalformedCode.CONTENT_TYPE_UNKNOWN, f"datacontenttype is not {_JSON}")
    if event.get("data_base64") is not None:
        raise malformed(MalformedCode.NOT_OBJECT, "data is Base64, not an object")
    data = event.get("data")
    if data is None:
        raise malformed(MalformedCode.ATTRIBUTE_MISSING, "attribute data is missing")
    if not isinstance(data, dict):
        raise malformed(MalformedCode.NOT_OBJECT, "data is not an object")
    return attributes, data


def _is_json(content_type: Json) -> bool:
    return isinstance(content_type, str) and _media_type(content_type) == _JSON


def _media_type(content_type: str) -> str:
    """The content type without its parameters; its letters have no case (RFC 9110)."""
    return content_type.partition(";")[0].strip().lower()


def _check_specversion(specversion: str) -> None:
    if specversion != _SPECVERSION:
        raise malformed(MalformedCode.SPECVERSION_UNKNOWN, f"specversion is not {_SPECVERSION}")
