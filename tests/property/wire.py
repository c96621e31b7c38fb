"""How a made-up event is put on the wire: every form that the contract allows."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.auditor.times import HOUR, MINUTE, write_time
from tests.property.drafts import SUBMITTED, Draft

VALUE_BYTES_MAX = 16 * 1024
_OPTIONAL_OF_SUBMITTED = ("key_binding", "login_id", "challenge", "os_version", "device_model")
_FIELDS_OF_OTHER_TYPES: dict[str, object] = {
    "os_version": "ignored here",
    "scans": "not even a number",
    "wait_until": None,
    "unknown": [1, -2.5e3, {"deep": [[[[]]]]}, None, True, "ünknown ☎"],
    "data_base64": "AA==",
}


@dataclass(slots=True)
class Parts:
    """Key, headers and value of a record."""

    key: bytes | None
    headers: list[tuple[str, bytes | None]]
    value: bytes | None

    def replace_header(self, name: str, value: bytes) -> None:
        """Put another value in place of a header that is there once."""
        self.headers = [(known, value if known == name else old) for known, old in self.headers]


def time_text(random: Random, instant: int) -> str:
    """RFC 3339 in one of its many forms; cut to milliseconds it is that instant again."""
    roll = random.random()
    if roll < 0.5:
        return write_time(instant)
    offset = random.choice((0, 2 * HOUR, -5 * HOUR - 30 * MINUTE, 14 * HOUR, -12 * HOUR))
    local = write_time(instant + offset)[:-1]
    if instant % 1000 == 0 and random.random() < 0.5:
        local = local[:-4]
    elif random.random() < 0.5:
        local += str(random.randint(0, 999_999))
    if offset == 0:
        return local + random.choice(("Z", "+00:00"))
    hours, minutes = divmod(abs(offset) // MINUTE, 60)
    return f"{local}{'+' if offset > 0 else '-'}{hours:02}:{minutes:02}"


def encode(random: Random, draft: Draft, structured_share: float) -> Parts:
    """Binary mode mostly, structured mode sometimes; unknown fields and nulls here and there."""
    data = data_of(random, draft)
    roll = random.random()
    if roll < 0.1:
        data = {**{k: v for k, v in _FIELDS_OF_OTHER_TYPES.items() if k not in data}, **data}
        if draft.type == "attempt.finished":
            data["scans"] = random.choice((1, 2**53 - 1))
        if draft.type == SUBMITTED:
            data["os_version"] = "17"
    elif roll < 0.15 and draft.type == SUBMITTED:
        data.update(dict.fromkeys(_OPTIONAL_OF_SUBMITTED))
    if random.random() < structured_share:
        return structured(random, draft, data)
    return binary(random, draft, data)


def data_of(random: Random, draft: Draft) -> dict[str, Any]:
    """The data with its times as text."""
    data = dict(draft.data)
    if "password_verified_at" in data:
        data["password_verified_at"] = time_text(random, data["password_verified_at"])
    return data


def binary(random: Random, draft: Draft, data: object) -> Parts:
    """The attributes as headers, the data as value."""
    content_type = random.choice(("application/json", "Application/JSON; charset=UTF-8"))
    headers = [
        *((f"ce_{name}", text.encode()) for name, text in attributes_of(random, draft).items()),
        ("content-type", content_type.encode()),
    ]
    if random.random() < 0.1:
        headers.append(
            ("ce_traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        )
        headers += [("x-hop", b"1"), ("x-hop", b"2")]
    if random.random() < 0.3:
        random.shuffle(headers)
    return Parts(draft.device_id.encode(), [*headers], _json(random, data))


def structured(random: Random, draft: Draft, data: object) -> Parts:
    """The whole event in the value."""
    envelope: dict[str, Any] = {**attributes_of(random, draft), "data": data}
    if random.random() < 0.5:
        envelope["datacontenttype"] = "application/json"
    if random.random() < 0.2:
        envelope["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    content_type = random.choice(
        ("application/cloudevents+json", "application/CloudEvents+json; charset=UTF-8")
    )
    headers: list[tuple[str, bytes | None]] = [("content-type", content_type.encode())]
    return Parts(draft.device_id.encode(), headers, _json(random, envelope))


def attributes_of(random: Random, draft: Draft) -> dict[str, str]:
    """The CloudEvents attributes of an event."""
    return {
        "specversion": "1.0",
        "id": draft.event_id,
        "source": draft.source,
        "type": f"biolatch.{draft.type}.v1",
        "subject": draft.device_id,
        "time": time_text(random, draft.time),
    }


def _json(random: Random, value: object) -> bytes:
    roll = random.random()
    if roll < 0.7:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    if roll < 0.98 or not isinstance(value, dict):
        return json.dumps(value, indent=random.choice((None, 2))).encode()
    return padded(value, VALUE_BYTES_MAX)


def padded(value: dict[str, Any], size: int) -> bytes:
    """JSON of exactly that many bytes, thanks to an unknown field."""
    missing = size - len(json.dumps({**value, "padding": ""}).encode())
    return json.dumps({**value, "padding": "x" * missing}).encode()
