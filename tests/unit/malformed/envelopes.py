"""Records whose key, value, headers or envelope is wrong."""

from collections.abc import Callable
from dataclasses import replace

from schemas.malformed import MalformedCode as Code
from tests.unit.sound_records import (
    FINISHED,
    Record,
    binary,
    compact,
    envelope,
    required_fields,
    structured,
)

VALUE_BYTES_MAX = 16 * 1024

_SOUND = compact(required_fields(FINISHED))

_BAD_ID = {
    "empty": "",
    "over-long": "e" * 129,
    "with a control character": "e\n",
    "not ASCII": "é",
}
BAD_TIMES = {
    "empty": "",
    "prose": "yesterday",
    "a number": "1769903999",
    "without offset": "2026-01-31T23:59:59.999",
    "without seconds": "2026-01-31T23:59Z",
    "a date": "2026-01-31",
    "a leap second": "2016-12-31T23:59:60Z",
    "no such month": "2026-13-01T00:00:00Z",
    "no such day": "2026-02-30T00:00:00Z",
    "hour 24": "2026-01-31T24:00:00Z",
    "no such offset": "2026-01-31T00:00:00+24:00",
    "offset without colon": "2026-01-31T00:00:00+0100",
    "a comma": "2026-01-31T00:00:00,5Z",
    "an empty fraction": "2026-01-31T00:00:00.Z",
    "a space": "2026-01-31 00:00:00Z",
    "a space behind": "2026-01-31T00:00:00Z ",
    "year 0": "0000-01-01T00:00:00Z",
    "before year 1 in UTC": "0001-01-01T00:00:00+00:01",
    "after year 9999 in UTC": "9999-12-31T23:59:59-00:01",
    "other digits": "\N{FULLWIDTH DIGIT TWO}026-01-31T00:00:00Z",
}
BROKEN_ATTRIBUTES: dict[str, tuple[str, str, Code]] = {
    "specversion 0.3": ("specversion", "0.3", Code.SPECVERSION_UNKNOWN),
    "specversion 1": ("specversion", "1", Code.SPECVERSION_UNKNOWN),
    "specversion empty": ("specversion", "", Code.SPECVERSION_UNKNOWN),
    "type unknown": ("type", "biolatch.enrollment.approved.v1", Code.TYPE_UNKNOWN),
    "type of an output": ("type", "biolatch.verdict.accepted.v1", Code.TYPE_UNKNOWN),
    "type without version": ("type", "biolatch.attempt.finished", Code.TYPE_UNKNOWN),
    "type in capitals": ("type", FINISHED.upper(), Code.TYPE_UNKNOWN),
    "type empty": ("type", "", Code.TYPE_UNKNOWN),
    "version unknown": ("type", "biolatch.attempt.finished.v2", Code.TYPE_VERSION_UNKNOWN),
    "version is no number": ("type", "biolatch.attempt.finished.", Code.TYPE_VERSION_UNKNOWN),
    "subject is not the key": ("subject", "phone-2", Code.SUBJECT_MISMATCH),
    "subject empty": ("subject", "", Code.SUBJECT_MISMATCH),
    **{f"id {why}": ("id", text, Code.ID_INVALID) for why, text in _BAD_ID.items()},
    **{f"source {why}": ("source", text, Code.SOURCE_INVALID) for why, text in _BAD_ID.items()},
    **{f"time is {why}": ("time", text, Code.TIME_INVALID) for why, text in BAD_TIMES.items()},
}
"""Attributes that are there and wrong."""

ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time")

_BINARY = binary(FINISHED, _SOUND)
_STRUCTURED = structured(FINISHED, _SOUND)
_EVENT = _STRUCTURED.value or b""


def _padded(data: bytes, record: Callable[[bytes], Record], size: int) -> Record:
    """A record whose value has exactly this size, thanks to spaces."""
    missing = size - len(record(data).value or b"")
    return record(data[:-1] + b" " * missing + b"}")


def padded_binary(size: int) -> Record:
    """A sound binary-mode record with a value of this size."""
    return _padded(_SOUND, lambda data: binary(FINISHED, data), size)


def padded_structured(size: int) -> Record:
    """A sound structured-mode record with a value of this size."""
    return _padded(_SOUND, lambda data: structured(FINISHED, data), size)


BROKEN_RECORDS: dict[str, tuple[Record, Code]] = {
    "no key": (replace(_BINARY, key=None), Code.KEY_MISSING),
    "key empty": (replace(_BINARY, key=b""), Code.KEY_INVALID),
    "key over-long": (replace(_BINARY, key=b"p" * 129), Code.KEY_INVALID),
    "key not UTF-8": (replace(_BINARY, key=b"\xc3\x28"), Code.KEY_INVALID),
    "key not ASCII": (replace(_BINARY, key="phöne".encode()), Code.KEY_INVALID),
    "key with a control character": (replace(_BINARY, key=b"phone-1\n"), Code.KEY_INVALID),
    "key as the lane's own": (replace(_BINARY, key=b"\x00position"), Code.KEY_INVALID),
    "key of another device": (replace(_BINARY, key=b"phone-2"), Code.SUBJECT_MISMATCH),
    "key in other letters": (replace(_BINARY, key=b"PHONE-1"), Code.SUBJECT_MISMATCH),
    "key not UTF-8, subject alike": (
        replace(_BINARY.with_header("ce_subject", b"\xc3\x28"), key=b"\xc3\x28"),
        Code.KEY_INVALID,
    ),
    "subject not UTF-8": (_BINARY.with_header("ce_subject", b"\xff"), Code.SUBJECT_MISMATCH),
    "id not UTF-8": (_BINARY.with_header("ce_id", b"\xff"), Code.ID_INVALID),
    "tombstone": (replace(_BINARY, value=None), Code.TOMBSTONE),
    "tombstone, structured": (replace(_STRUCTURED, value=None), Code.TOMBSTONE),
    "tombstone without headers": (replace(_BINARY, value=None, headers=()), Code.TOMBSTONE),
    "value too large": (padded_binary(VALUE_BYTES_MAX + 1), Code.VALUE_TOO_LARGE),
    "value too large, structured": (padded_structured(VALUE_BYTES_MAX + 1), Code.VALUE_TOO_LARGE),
    "value far too large": (replace(_BINARY, value=b"x" * 900_000), Code.VALUE_TOO_LARGE),
    "no timestamp": (replace(_BINARY, timestamp=-1), Code.TIMESTAMP_INVALID),
    "timestamp of the year 9998": (
        replace(_BINARY, timestamp=253_339_228_800_000),
        Code.TIMESTAMP_INVALID,
    ),
    "no headers": (replace(_BINARY, headers=()), Code.ATTRIBUTE_MISSING),
    "no content type": (_BINARY.without_header("content-type"), Code.ATTRIBUTE_MISSING),
    "content type null": (_BINARY.with_header("content-type", None), Code.ATTRIBUTE_MISSING),
    "content type in capitals": (
        _BINARY.without_header("content-type").with_more_headers(
            ("Content-Type", b"application/json")
        ),
        Code.ATTRIBUTE_MISSING,
    ),
    "content type is text": (
        _BINARY.with_header("content-type", b"text/plain"),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
    "content type empty": (_BINARY.with_header("content-type", b""), Code.CONTENT_TYPE_UNKNOWN),
    "content type not UTF-8": (
        _BINARY.with_header("content-type", b"\xff"),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
    "content type is Avro": (
        _BINARY.with_header("content-type", b"application/cloudevents+avro"),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
    "content type is a batch": (
        _BINARY.with_header("content-type", b"application/cloudevents-batch+json"),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
    "content type repeated": (
        _BINARY.with_more_headers(("content-type", b"application/json")),
        Code.HEADER_REPEATED,
    ),
    "extension repeated": (
        _BINARY.with_more_headers(("ce_custom", b"1"), ("ce_custom", b"2")),
        Code.HEADER_REPEATED,
    ),
    "header repeated, one null": (
        _BINARY.with_more_headers(("ce_id", None)),
        Code.HEADER_REPEATED,
    ),
    "header repeated, structured": (
        _STRUCTURED.with_more_headers(("ce_id", b"1"), ("ce_id", b"2")),
        Code.HEADER_REPEATED,
    ),
    "binary event called structured": (
        _BINARY.with_header("content-type", b"application/cloudevents+json"),
        Code.ATTRIBUTE_MISSING,
    ),
    "structured event called binary": (
        _STRUCTURED.with_header("content-type", b"application/json"),
        Code.ATTRIBUTE_MISSING,
    ),
    "structured, a list": (envelope(b"[" + _EVENT + b"]"), Code.NOT_OBJECT),
    "structured, no data": (
        envelope(_EVENT.removesuffix(b',"data":' + _SOUND + b"}") + b"}"),
        Code.ATTRIBUTE_MISSING,
    ),
    "structured, data null": (structured(FINISHED, b"null"), Code.ATTRIBUTE_MISSING),
    "structured, data in a text": (structured(FINISHED, compact("{}")), Code.NOT_OBJECT),
    "structured, data in Base64": (
        structured(FINISHED, b"null", data_base64="e30="),
        Code.NOT_OBJECT,
    ),
    "structured, data twice over": (
        structured(FINISHED, _SOUND, data_base64="e30="),
        Code.NOT_OBJECT,
    ),
    "structured, attribute twice": (
        envelope(_EVENT[:-1] + b',"id":"event-2"}'),
        Code.DUPLICATE_KEY,
    ),
    "structured, attribute twice, escaped": (
        envelope(_EVENT[:-1] + rb',"\u0069d":"event-2"}'),
        Code.DUPLICATE_KEY,
    ),
    "structured, data is XML": (
        structured(FINISHED, _SOUND, datacontenttype="application/xml"),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
    "structured, data type is a number": (
        structured(FINISHED, _SOUND, datacontenttype=1),
        Code.CONTENT_TYPE_UNKNOWN,
    ),
}
"""Records whose key, value, headers or envelope is wrong as a whole."""
