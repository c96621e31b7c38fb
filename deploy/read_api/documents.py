"""What the API answers with: a device as it is published, and the permission of one user.

A device's document is that of topic `biolatch.device-state`, field by field, so one contract
describes both. Pure: no clock; the same state has the same bytes, and so the same entity tag.
"""

import hashlib
from typing import Any

import msgspec

from biolatch_client import Answer, DeviceState, UserState
from events.timestamps import format_rfc3339


def device_document(device_id: str, device: DeviceState) -> bytes:
    """A device as JSON, after the contract `biolatch.device-state.v1`."""
    return msgspec.json.encode(
        {
            "device_id": device_id,
            "bio_epoch": device.bio_epoch,
            "users": {user.user_id: _user(user) for user in device.users},
        }
    )


def permission_document(answer: Answer) -> bytes:
    """Whether a user may use biometrics now, as JSON."""
    return msgspec.json.encode(
        {"permission": answer.permission, "why": answer.why, "guidance": answer.guidance}
    )


def entity_tag(body: bytes) -> str:
    """A strong entity tag (RFC 9110 section 8.8.3): other bytes have another one."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def is_current(tag: str, if_none_match: str | None) -> bool:
    """Whether whoever asks has this very document (RFC 9110 section 13.1.2)."""
    if if_none_match is None:
        return False
    known = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return tag in known or "*" in known


def _user(user: UserState) -> dict[str, Any]:
    return {
        "status": user.status,
        "reason": user.reason,
        "since": _instant(user.since_ms),
        "guidance": user.guidance,
        "offer": user.offer,
        "prompt_not_before": _instant(user.prompt_not_before_ms),
        "prompt_label": user.prompt_label,
        "fallback_login_id": user.fallback_login_id,
        "wait_until": _instant(user.wait_until_ms),
    }


def _instant(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else format_rfc3339(instant_ms)
