"""From an input record to an event, or `Malformed` (design, section 2)."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from tests.auditor.records import RawRecord
from tests.auditor.times import parse_time

VALUE_BYTES_MAX = 16 * 1024
NESTING_MAX = 16
EPOCH_MAX = 2**31 - 1
COUNT_MAX = 2**53 - 1
_ID = re.compile(r"[\x20-\x7e]{1,128}")


class Malformed(Exception):  # noqa: N818 - an outcome with a name of its own, not a fault of ours
    """The record cannot be decoded: it is a dead letter. The text is for people only."""


@dataclass(frozen=True, slots=True)
class Event:
    """One decoded input: `data` has the known fields only, checked, times in ms, never null."""

    event_id: str
    source: str
    type: str
    device_id: str
    time_ms: int
    data: dict[str, Any]

    @property
    def user_id(self) -> str | None:
        """The user whom the event is about, if it names one."""
        return self.data.get("user_id")


def decode(record: RawRecord) -> Event:
    """Read one record of the input topic; everything that is not as section 2 says is Malformed."""
    if record.key is None:
        raise Malformed("no key")
    if record.value is None:
        raise Malformed("a tombstone")
    if len(record.value) > VALUE_BYTES_MAX:
        raise Malformed("value above 16 KiB")
    device_id = _identifier(_text(record.key))
    headers = _cloud_event_headers(record)
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "application/cloudevents+json":
        attributes, data = _structured(record.value)
    elif media_type == "application/json":
        attributes = {name[3:]: value for name, value in headers.items() if name[:3] == "ce_"}
        data = _parse_json(record.value)
    else:
        raise Malformed("content type")
    return _event(device_id, attributes, data)


def _cloud_event_headers(record: RawRecord) -> dict[str, str]:
    """The `ce_*` and `content-type` headers as text, each at most once."""
    headers: dict[str, str] = {}
    for name, value in record.headers:
        if not name.startswith("ce_") and name != "content-type":
            continue
        if name in headers:
            raise Malformed(f"header {name} repeated")
        if value is None:
            raise Malformed(f"header {name} without a value")
        headers[name] = _text(value)
    return headers


def _structured(value: bytes) -> tuple[dict[str, Any], object]:
    envelope = _parse_json(value)
    if not isinstance(envelope, dict):
        raise Malformed("envelope is no object")
    if envelope.get("data_base64") is not None:
        raise Malformed("data is not JSON")
    content_type = envelope.get("datacontenttype")
    if content_type is not None and (
        not isinstance(content_type, str)
        or content_type.split(";")[0].strip().lower() != "application/json"
    ):
        raise Malformed("datacontenttype")
    return envelope, envelope.get("data")


def _event(device_id: str, attributes: dict[str, Any], data: object) -> Event:
    if attributes.get("specversion") != "1.0":
        raise Malformed("specversion")
    if attributes.get("subject") != device_id:
        raise Malformed("the subject is not the key")
    event_type = attributes.get("type")
    if not isinstance(event_type, str) or event_type not in FIELDS:
        raise Malformed("type")
    if not isinstance(data, dict):
        raise Malformed("data is no object")
    return Event(
        event_id=_identifier(attributes.get("id")),
        source=_identifier(attributes.get("source")),
        type=event_type,
        device_id=device_id,
        time_ms=_time(attributes.get("time")),
        data=_known_fields(event_type, data),
    )


def _known_fields(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """Unknown fields are ignored; null for an optional field is the same as absence."""
    known: dict[str, Any] = {}
    for name, field in FIELDS[event_type].items():
        given = data.get(name)
        if given is not None:
            known[name] = field.check(given)
        elif field.required:
            raise Malformed(f"{name} is missing")
        elif field.default is not None:
            known[name] = field.default
    return known


def _parse_json(value: bytes) -> object:
    """Strict JSON: UTF-8, no duplicate key at any depth, no NaN, at most 16 levels deep."""
    text = _text(value)
    try:
        parsed = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        if "\\u" in text:
            json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if _deeper_than(NESTING_MAX, parsed):
        raise Malformed("nested too deeply")
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("duplicate key")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is no JSON")


def _deeper_than(levels: int, value: object) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_deeper_than(levels - 1, inner) for inner in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_deeper_than(levels - 1, inner) for inner in value)
    return False


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error


def _identifier(value: object) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise Malformed("not 1 to 128 printable ASCII characters")
    return value


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise Malformed("a time is text")
    try:
        return parse_time(value)
    except ValueError as error:
        raise Malformed("time") from error


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Malformed("not true or false")
    return value


def _json_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("not an object")
    return value


def _text_up_to(longest: int) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise Malformed(f"not a text of at most {longest} characters")
        return value

    return check


def _integer_up_to(highest: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        # True is an int to Python and 1.0 is an integer to some schemas; neither is one here.
        if type(value) is not int or not 1 <= value <= highest:
            raise Malformed(f"not an integer from 1 to {highest}")
        return value

    return check


def _one_of(*allowed: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Malformed(f"not one of {allowed}")
        return value

    return check


@dataclass(frozen=True, slots=True)
class _Field:
    check: Callable[[object], object]
    required: bool = True
    default: object = None


def _optional(check: Callable[[object], object], default: object = None) -> _Field:
    return _Field(check, required=False, default=default)


def _all_required(names: Sequence[str]) -> dict[str, _Field]:
    return {name: _Field(_identifier) for name in names}


_CHANNEL = _Field(_one_of("login_prompt", "after_login_prompt", "settings"))
_PLACE = _Field(_one_of("sign_in", "protected_page"))
_BIO_EPOCH = _Field(_integer_up_to(EPOCH_MAX))

OUTCOMES = (
    "matched",
    "rejected",
    "locked_timed",
    "locked_until_credential",
    "fallback_chosen",
    "unavailable",
    "cancelled_user",
    "cancelled_system",
    "timeout",
    "not_enrolled",
    "device_credential_missing",
    "set_changed",
)

FIELDS: dict[str, dict[str, _Field]] = {
    "biolatch.enrollment.submitted.v1": {
        **_all_required(["user_id", "key_id"]),
        "channel": _CHANNEL,
        "method": _Field(_one_of("face", "fingerprint")),
        "platform": _Field(_one_of("ios", "android", "other")),
        "bio_epoch": _BIO_EPOCH,
        "os_biometrics": _Field(_one_of("ready", "not_set_up", "unavailable")),
        "password_verified_at": _Field(_time),
        "key_binding": _optional(_one_of("current_set", "any_set", "none", "unknown"), "unknown"),
        "login_id": _optional(_identifier),
        "public_key": _optional(_json_object),
        "device_signature": _optional(_text_up_to(1024)),
        "challenge": _optional(_text_up_to(1024)),
        "os_version": _optional(_text_up_to(128)),
        "app_version": _optional(_text_up_to(128)),
        "device_model": _optional(_text_up_to(128)),
    },
    "biolatch.enrollment.declined.v1": {**_all_required(["user_id"]), "channel": _CHANNEL},
    "biolatch.enrollment.withdrawn.v1": {**_all_required(["user_id"]), "channel": _CHANNEL},
    "biolatch.enrollment.revoked.v1": {
        **_all_required(["user_id"]),
        "reason_admin": _Field(_text_up_to(512)),
        "allow_re_enable": _Field(_flag),
    },
    "biolatch.attempt.finished.v1": {
        **_all_required(["user_id", "login_id", "key_id"]),
        "place": _PLACE,
        "outcome": _Field(_one_of(*OUTCOMES)),
        "bio_epoch": _BIO_EPOCH,
        "seq": _Field(_integer_up_to(COUNT_MAX)),
        "scans": _optional(_integer_up_to(COUNT_MAX), 1),
        "platform_code": _optional(_text_up_to(128)),
        "device_signature": _optional(_text_up_to(1024)),
        "challenge": _optional(_text_up_to(1024)),
    },
    "biolatch.attempt.password-accepted.v1": {
        **_all_required(["user_id", "login_id"]),
        "place": _PLACE,
    },
    "biolatch.biometrics.changed.v1": {
        "bio_epoch": _BIO_EPOCH,
        "change": _Field(_one_of("added", "removed", "replaced", "all_removed", "unknown")),
        "detected_by": _Field(_one_of("domain_state", "key_invalidated", "app_check")),
        "os_upgraded": _optional(_flag, default=False),
    },
    "biolatch.device.erased.v1": {"user_id": _optional(_identifier)},
}
