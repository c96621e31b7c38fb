"""Rows: each device's last one against what the model remembers of it (design, section 3)."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from tests.auditor.audit_forms import value_differences
from tests.auditor.changelog import LANE_KEYS, erased_key, read_row, user_mark
from tests.auditor.model import Model
from tests.auditor.records import RawRecord
from tests.auditor.state import ABSENT, DISABLED, FALLBACK, Device, User

_DIGEST_BYTES = 8

ONLY_ERASED: dict[str, Any] = {
    "bio_epoch": 0,
    "last_change": None,
    "users": {},
    "recent_events": b"",
    "user_marks": {},
    "bucket_full_at": 0,
    "used_challenges": b"",
}


def row_differences(
    model: Model, changelog: Sequence[RawRecord], erasure_key: bytes | None = None
) -> list[str]:
    """Rows missing, extra or different; where a row is due, its last version counts.

    With a key of erasure marks, a device of which only its erasure is known has its row under its
    mark, and no other device has one there.
    """
    last: dict[tuple[int, bytes], RawRecord] = {}
    for record in sorted(changelog, key=lambda record: (record.partition, record.offset)):
        if record.key in LANE_KEYS:
            continue
        place = record.partition, record.key or b""
        if record.value is None and erasure_key is not None:
            last.pop(place, None)
        else:
            last[place] = record
    found: list[str] = []
    for topic, partition, device_id in model.devices():
        device = model.device(topic, partition, device_id)
        due = _row_of(device_id, device, erasure_key)
        key = device_id.encode()
        if erasure_key is not None and due == ONLY_ERASED | {"erased_at": device.erased_at}:
            key = erased_key(erasure_key, device_id)
        texts = _differences(device, due, last.pop((partition, key), None))
        found.extend(f"row of {device_id} on partition {partition}: {text}" for text in texts)
    found.extend(
        f"row of {key.decode(errors='replace')} on partition {partition}: "
        "written, but no event names this device"
        for partition, key in sorted(last)
    )
    return found


def _differences(device: Device, due: dict[str, Any], record: RawRecord | None) -> Iterator[str]:
    if record is None:
        if device.last_kept >= 0:
            yield "missing"
    else:
        try:
            row = read_row(record.value)
        except ValueError as error:
            yield f"unreadable: {error}"
            return
        watermark = row.pop("watermark")
        # An event that is refused moves it only where it changed something.
        if not device.last_kept <= watermark <= device.last_seen:
            range_due = f"{device.last_kept} to {device.last_seen}"
            yield f"wrong watermark: {range_due} due, {watermark} written"
        for user in row["users"].values():
            del user["user_id"]
            if user["status"] != ABSENT:
                del user["absent_since"]  # it only orders absent users
        yield from value_differences("row", due, row)


def _row_of(device_id: str, device: Device, erasure_key: bytes | None) -> dict[str, Any]:
    marks = device.user_marks
    if erasure_key is not None:
        marks = {user_mark(erasure_key, device_id, name): at for name, at in marks.items()}
    return {
        "bio_epoch": device.bio_epoch,
        "last_change": device.last_change,
        "users": {name: _user_of(user) for name, user in device.users.items()},
        "recent_events": b"".join(
            _digest(f"{source}\0{event_id}") for source, event_id in device.recent_events
        ),
        "erased_at": device.erased_at,
        "user_marks": marks,
        "bucket_full_at": device.bucket_seen_at + device.refill_due,
        "used_challenges": b"".join(_digest(challenge) for challenge in device.used_challenges),
    }


def _user_of(user: User) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "status": user.status,
        "disabled_reason": user.reason if user.status == DISABLED else None,
        "fallback_reason": user.reason if user.status == FALLBACK else None,
        "since": user.since,
        "method": user.method,
        "platform": user.platform,
        "key_id": user.key_id,
        "public_key": None if user.public_key is None else list(user.public_key),
        "key_binding": user.key_binding,
        "old_keys": b"".join(_digest(key_id) for key_id in user.old_keys),
        "failures": user.failures,
        "failures_in_a_row": user.failures_in_a_row,
        "seq": user.seq,
        "troubled_fallbacks": list(user.troubled_fallbacks),
        "failure_fallbacks": user.failure_fallbacks,
        "wait_until": user.wait_until,
        "fallback_login_id": user.fallback_login_id,
        "last_advice": user.last_advice,
        "guided_login_id": user.guided_login_id,
        "allow_re_enable": user.allow_re_enable,
        "declined_at": user.declined_at,
        "lowered_at": user.lowered_at,
    }
    if user.status == ABSENT:
        fields["absent_since"] = user.absent_since
    return fields


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_DIGEST_BYTES).digest()
