"""Records that are as the contract says, to be taken as they are or broken on purpose."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from events.facts import FACT_TYPES, Fact
from schemas.inputs import decode
from schemas.validation import UnknownFields

DEVICE_ID = "phone-1"
EVENT_ID = "event-1"
SOURCE = "/backend"
TIME = "2026-01-31T23:59:59.999Z"
TIME_MS = 1_769_903_999_999
NOW_MS = TIME_MS + 250

SUBMITTED = "biolatch.enrollment.submitted.v1"
DECLINED = "biolatch.enrollment.declined.v1"
WITHDRAWN = "biolatch.enrollment.withdrawn.v1"
REVOKED = "biolatch.enrollment.revoked.v1"
FINISHED = "biolatch.attempt.finished.v1"
PASSWORD_ACCEPTED = "biolatch.attempt.password-accepted.v1"  # noqa: S105 - an event's name
CHANGED = "biolatch.biometrics.changed.v1"
ERASED = "biolatch.device.erased.v1"

DATA_TYPES = {data_type.event_type: data_type for data_type in FACT_TYPES}

COMPLETE: Mapping[str, Mapping[str, object]] = {
    SUBMITTED: {
        "user_id": "user-1",
        "channel": "login_prompt",
        "method": "face",
        "platform": "ios",
        "key_id": "key-1",
        "bio_epoch": 1,
        "os_biometrics": "ready",
        "password_verified_at": TIME,
        "key_binding": "current_set",
        "login_id": "login-1",
        "public_key": {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1", "y": "x_FEzRu9m36"},
        "device_signature": "c2lnbmF0dXJl",
        "challenge": "Y2hhbGxlbmdl",
        "os_version": "26.1",
        "app_version": "4.2.0",
        "device_model": "iPhone 17",
    },
    DECLINED: {"user_id": "user-1", "channel": "after_login_prompt"},
    WITHDRAWN: {"user_id": "user-1", "channel": "settings"},
    REVOKED: {"user_id": "user-1", "reason_admin": "device lost", "allow_re_enable": True},
    FINISHED: {
        "user_id": "user-1",
        "login_id": "login-1",
        "place": "sign_in",
        "outcome": "matched",
        "key_id": "key-1",
        "bio_epoch": 1,
        "seq": 1,
        "scans": 2,
        "platform_code": "LAErrorNone",
        "device_signature": "c2lnbmF0dXJl",
        "challenge": "Y2hhbGxlbmdl",
    },
    PASSWORD_ACCEPTED: {"user_id": "user-1", "login_id": "login-1", "place": "protected_page"},
    CHANGED: {
        "bio_epoch": 2,
        "change": "added",
        "detected_by": "domain_state",
        "os_upgraded": True,
    },
    ERASED: {"user_id": "user-1"},
}
"""Data of every type of event, with every field that there is."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the input topic (`agents.lane.port.InputRecord`)."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int = NOW_MS
    offset: int = 7

    def with_header(self, name: str, value: bytes | None) -> "Record":
        """The record with another value for a header that is there."""
        assert name in dict(self.headers)
        headers = tuple((known, value if known == name else old) for known, old in self.headers)
        return replace(self, headers=headers)

    def with_more_headers(self, *more: tuple[str, bytes | None]) -> "Record":
        """The record with headers behind its own."""
        return replace(self, headers=(*self.headers, *more))

    def without_header(self, name: str) -> "Record":
        """The record without a header that is there."""
        assert name in dict(self.headers)
        return replace(self, headers=tuple(kept for kept in self.headers if kept[0] != name))


def compact(value: object) -> bytes:
    """JSON as most publishers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def required_fields(event_type: str) -> dict[str, object]:
    """Sound data of a type, required fields only."""
    fields = msgspec.structs.fields(DATA_TYPES[event_type])
    return {field.name: COMPLETE[event_type][field.name] for field in fields if field.required}


def attributes(event_type: str) -> dict[str, str]:
    """The CloudEvents attributes of an event of this type."""
    return {
        "specversion": "1.0",
        "id": EVENT_ID,
        "source": SOURCE,
        "type": event_type,
        "subject": DEVICE_ID,
        "time": TIME,
    }


def binary(event_type: str, data: bytes) -> Record:
    """An event in binary mode: attributes as headers, this JSON as value."""
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes(event_type).items()]
    return Record(DEVICE_ID.encode(), data, (*headers, ("content-type", b"application/json")))


def structured(event_type: str, data: bytes, **changes: object) -> Record:
    """An event in structured mode around this JSON; a change to ... takes an attribute away."""
    changed = {**attributes(event_type), **changes}
    members = [
        compact(name) + b":" + compact(value) for name, value in changed.items() if value is not ...
    ]
    value = b"{" + b",".join([*members, b'"data":' + data]) + b"}"
    return envelope(value)


def envelope(value: bytes) -> Record:
    """A structured-mode record of this value."""
    return Record(DEVICE_ID.encode(), value, (("content-type", b"application/cloudevents+json"),))


def read(record: Record, unknown_fields: UnknownFields = "ignore") -> Fact:
    """Decode a record."""
    return decode(
        record.key,
        record.value,
        record.headers,
        timestamp_ms=record.timestamp,
        offset=record.offset,
        unknown_fields=unknown_fields,
    )
