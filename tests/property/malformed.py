"""Every way to break a record that the contract names; each is a dead letter and nothing else."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.property.drafts import CHANGED, DECLINED, FINISHED, REVOKED, SUBMITTED, Draft
from tests.property.phone import Phone
from tests.property.wire import (
    VALUE_BYTES_MAX,
    Parts,
    attributes_of,
    binary,
    data_of,
    padded,
    structured,
)

_DEEP = 100
_FAR_TOO_DEEP = 8_000

# name -> type of the event, field, value that breaks it
_BROKEN_FIELDS: dict[str, tuple[str, str, object]] = {
    "integer as text": (FINISHED, "seq", "7"),
    "integer as fraction": (FINISHED, "seq", 1.5),
    "integer as 1.0": (FINISHED, "bio_epoch", 1.0),
    "integer as boolean": (FINISHED, "bio_epoch", True),
    "integer as list": (CHANGED, "bio_epoch", [1]),
    "zero epoch": (SUBMITTED, "bio_epoch", 0),
    "epoch too high": (CHANGED, "bio_epoch", 2**31),
    "zero seq": (FINISHED, "seq", 0),
    "negative seq": (FINISHED, "seq", -1),
    "seq too high": (FINISHED, "seq", 2**53),
    "zero scans": (FINISHED, "scans", 0),
    "scans too high": (FINISHED, "scans", 2**53),
    "scans as text": (FINISHED, "scans", "1"),
    "unknown outcome": (FINISHED, "outcome", "won"),
    "outcome in capitals": (FINISHED, "outcome", "MATCHED"),
    "outcome as number": (FINISHED, "outcome", 1),
    "unknown place": (FINISHED, "place", "kitchen"),
    "unknown channel": (DECLINED, "channel", "email"),
    "unknown method": (SUBMITTED, "method", "iris"),
    "unknown platform": (SUBMITTED, "platform", "iOS"),
    "unknown os_biometrics": (SUBMITTED, "os_biometrics", True),
    "unknown key_binding": (SUBMITTED, "key_binding", "some_set"),
    "unknown change": (CHANGED, "change", "swapped"),
    "unknown detector": (CHANGED, "detected_by", "intuition"),
    "flag as text": (REVOKED, "allow_re_enable", "true"),
    "flag as number": (REVOKED, "allow_re_enable", 1),
    "optional flag as number": (CHANGED, "os_upgraded", 0),
    "reason as object": (REVOKED, "reason_admin", {"text": "no"}),
    "empty id": (FINISHED, "user_id", ""),
    "over-long id": (FINISHED, "login_id", "l" * 129),
    "id with a line break": (FINISHED, "key_id", "key\n"),
    "id not ASCII": (DECLINED, "user_id", "é"),
    "id with a delete character": (DECLINED, "user_id", "a\x7f"),
    "id as number": (DECLINED, "user_id", 7),
    "over-long optional id": (SUBMITTED, "login_id", "l" * 129),
    "password time as number": (SUBMITTED, "password_verified_at", 1_767_225_600_000),
    "password time without offset": (SUBMITTED, "password_verified_at", "2026-01-01T00:00:00"),
    "null for a required field": (FINISHED, "outcome", None),
    "public key as text": (SUBMITTED, "public_key", "AA"),
    "challenge as number": (SUBMITTED, "challenge", 1),
}

_BROKEN_HEADERS: dict[str, tuple[str, bytes]] = {
    "specversion 0.3": ("ce_specversion", b"0.3"),
    "specversion 1": ("ce_specversion", b"1"),
    "empty event id": ("ce_id", b""),
    "over-long event id": ("ce_id", b"e" * 129),
    "event id not UTF-8": ("ce_id", b"\xff\xfe"),
    "event id not ASCII": ("ce_id", "é".encode()),
    "over-long source": ("ce_source", b"/" * 129),
    "empty source": ("ce_source", b""),
    "unknown type": ("ce_type", b"biolatch.enrollment.approved.v1"),
    "unknown version": ("ce_type", b"biolatch.attempt.finished.v2"),
    "type of somebody else": ("ce_type", b"attempt.finished"),
    "subject is not the key": ("ce_subject", b"another phone"),
    "time without offset": ("ce_time", b"2026-01-01T00:00:00.000"),
    "time without a day": ("ce_time", b"T00:00:00Z"),
    "leap second": ("ce_time", b"2016-12-31T23:59:60Z"),
    "no such day": ("ce_time", b"2026-02-30T00:00:00Z"),
    "no such hour": ("ce_time", b"2026-02-03T24:00:00Z"),
    "no such offset": ("ce_time", b"2026-02-03T00:00:00+24:00"),
    "time in seconds": ("ce_time", b"1767225600"),
    "time with a comma": ("ce_time", b"2026-02-03T00:00:00,5Z"),
    "text instead of JSON": ("content-type", b"text/plain"),
    "other CloudEvents format": ("content-type", b"application/cloudevents+avro"),
    "CloudEvents batch": ("content-type", b"application/cloudevents-batch+json"),
    "binary event called structured": ("content-type", b"application/cloudevents+json"),
}

_BROKEN_VALUES: dict[str, bytes | None] = {
    "tombstone": None,
    "empty value": b"",
    "value not UTF-8": b'{"user_id":"\xff"}',
    "value in UTF-16": '{"user_id":"ann"}'.encode("utf-16"),
    "not JSON": b"hello",
    "cut off": b'{"user_id":"an',
    "two values": b"{} {}",
    "trailing comma": b'{"user_id":"ann",}',
    "a list": b"[]",
    "a text": b'"ann"',
    "null": b"null",
    "raw line break in text": b'{"user_id":"a\nb"}',
}

_ADDED_TEXT: dict[str, str] = {
    "duplicate key": '"user_id":"ann"',
    "duplicate key below": '"unknown":[{"a":1,"a":1}]',
    "NaN": '"unknown":NaN',
    "infinity": '"unknown":[Infinity]',
    "negative infinity": '"unknown":-Infinity',
    "deep lists": '"unknown":' + "[" * _DEEP + "]" * _DEEP,
    "deep objects": '"unknown":' + '{"a":' * _DEEP + "1" + "}" * _DEEP,
    "far too deep": '"unknown":' + "[" * _FAR_TOO_DEEP + "]" * (_FAR_TOO_DEEP - 1000) + "]" * 1000,
    "leading zero": '"unknown":01',
    "plus sign": '"unknown":+1',
    "bad escape": '"unknown":"\\x41"',
}

_BROKEN_ENVELOPES: dict[str, dict[str, Any]] = {
    "structured: no type": {"type": None},
    "structured: no time": {"time": None},
    "structured: specversion as number": {"specversion": 1.0},
    "structured: id as number": {"id": 5},
    "structured: subject is not the key": {"subject": "another phone"},
    "structured: no data": {"data": None},
    "structured: data as text": {"data": "{}"},
    "structured: data in Base64": {"data": None, "data_base64": "e30="},
    "structured: data is XML": {"datacontenttype": "application/xml"},
}

_NEEDED_HEADERS = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "content-type",
)

Breaker = Callable[[Random, Phone], Parts]


def _sound(random: Random, phone: Phone, event_type: str = FINISHED) -> tuple[Draft, Parts]:
    draft = phone.wild(event_type)
    return draft, binary(random, draft, data_of(random, draft))


def _with_field(event_type: str, name: str, value: object) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        draft = phone.wild(event_type)
        return binary(random, draft, {**data_of(random, draft), name: value})

    return breaker


def _without_field(event_type: str, name: str) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        draft = phone.wild(event_type)
        data = data_of(random, draft)
        del data[name]
        return binary(random, draft, data)

    return breaker


def _with_header(name: str, value: bytes) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        _, parts = _sound(random, phone)
        parts.replace_header(name, value)
        return parts

    return breaker


def _with_value(value: bytes | None) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        _, parts = _sound(random, phone)
        parts.value = value
        return parts

    return breaker


def _with_text(text: str) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        draft, parts = _sound(random, phone)
        parts.value = (json.dumps(draft.data)[:-1] + "," + text + "}").encode()
        return parts

    return breaker


def _with_envelope(changes: dict[str, Any]) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        draft = phone.wild(FINISHED)
        parts = structured(random, draft, draft.data)
        envelope = {**attributes_of(random, draft), "data": draft.data, **changes}
        kept = {name: value for name, value in envelope.items() if value is not None}
        parts.value = json.dumps(kept).encode()
        return parts

    return breaker


def _with_key(key: bytes | None, subject: bytes) -> Breaker:
    def breaker(random: Random, phone: Phone) -> Parts:
        _, parts = _sound(random, phone)
        parts.key = key
        parts.replace_header("ce_subject", subject)
        return parts

    return breaker


def _without_a_header(random: Random, phone: Phone) -> Parts:
    _, parts = _sound(random, phone)
    gone = random.choice(_NEEDED_HEADERS)
    parts.headers = [header for header in parts.headers if header[0] != gone]
    return parts


def _cloud_event_headers(parts: Parts) -> list[tuple[str, bytes | None]]:
    return [header for header in parts.headers if not header[0].startswith("x-")]


def _header_without_value(random: Random, phone: Phone) -> Parts:
    _, parts = _sound(random, phone)
    null = random.choice(_NEEDED_HEADERS)
    parts.headers = [(name, None if name == null else value) for name, value in parts.headers]
    return parts


def _header_twice(random: Random, phone: Phone) -> Parts:
    _, parts = _sound(random, phone)
    parts.headers.append(random.choice(_cloud_event_headers(parts)))
    return parts


def _extension_twice(random: Random, phone: Phone) -> Parts:
    _, parts = _sound(random, phone)
    parts.headers += [("ce_custom", b"1"), ("ce_custom", b"2")]
    return parts


def _too_large(random: Random, phone: Phone) -> Parts:
    draft, parts = _sound(random, phone)
    size = VALUE_BYTES_MAX + random.choice((1, 1, 1000, 30_000))
    parts.value = padded(data_of(random, draft), size)
    return parts


BREAKERS: dict[str, Breaker] = {
    **{name: _with_field(*broken) for name, broken in _BROKEN_FIELDS.items()},
    **{name: _with_header(*broken) for name, broken in _BROKEN_HEADERS.items()},
    **{name: _with_value(value) for name, value in _BROKEN_VALUES.items()},
    **{name: _with_text(text) for name, text in _ADDED_TEXT.items()},
    **{name: _with_envelope(changes) for name, changes in _BROKEN_ENVELOPES.items()},
    "no outcome": _without_field(FINISHED, "outcome"),
    "no key_id": _without_field(SUBMITTED, "key_id"),
    "no user_id": _without_field(DECLINED, "user_id"),
    "no reason_admin": _without_field(REVOKED, "reason_admin"),
    "no change": _without_field(CHANGED, "change"),
    "no key": _with_key(None, b"phone-0"),
    "empty key": _with_key(b"", b""),
    "key not UTF-8": _with_key(b"\xc3\x28", b"\xc3\x28"),
    "key not printable": _with_key(b"phone\t", b"phone\t"),
    "key not ASCII": _with_key("phöne".encode(), "phöne".encode()),
    "over-long key": _with_key(b"p" * 129, b"p" * 129),
    "no header": _without_a_header,
    "header without a value": _header_without_value,
    "header twice": _header_twice,
    "extension twice": _extension_twice,
    "too large": _too_large,
}


def break_one(random: Random, phone: Phone) -> tuple[str, Parts]:
    """A broken record of a random kind, and the kind's name."""
    kind = random.choice(list(BREAKERS))
    return kind, BREAKERS[kind](random, phone)
