"""The vocabulary of the input events as publishers see it, and an event before it is written."""

from dataclasses import dataclass
from typing import Any

SUBMITTED, DECLINED = "enrollment.submitted", "enrollment.declined"
WITHDRAWN, REVOKED = "enrollment.withdrawn", "enrollment.revoked"
FINISHED, PASSWORD = "attempt.finished", "attempt.password-accepted"
CHANGED, ERASED = "biometrics.changed", "device.erased"
TYPES = (SUBMITTED, DECLINED, WITHDRAWN, REVOKED, FINISHED, PASSWORD, CHANGED, ERASED)

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
CHANNELS = ("login_prompt", "after_login_prompt", "settings")
PLACES = ("sign_in", "protected_page")
SOURCES = ("/backend", "/backend/eu", "urn:a b", '/"quoted"\\')
USER_NAMES = (
    "ann",
    "Bob",
    'cem"quoted"',
    "d\\backslash",
    "eve with spaces",
    " fay",
    "~tilde",
    "0",
    "00",
    "user-10",
    "user-9",
    "{}",
    "null",
    "o'hara",
    "<p>",
    "q/r",
    "s" * 128,
    "t%00",
    "\\u0041",
    "!",
)


REQUIRED: dict[str, tuple[str, ...]] = {
    SUBMITTED: (
        "user_id",
        "channel",
        "method",
        "platform",
        "key_id",
        "bio_epoch",
        "os_biometrics",
        "password_verified_at",
    ),
    DECLINED: ("user_id", "channel"),
    WITHDRAWN: ("user_id", "channel"),
    REVOKED: ("user_id", "reason_admin", "allow_re_enable"),
    FINISHED: ("user_id", "login_id", "place", "outcome", "key_id", "bio_epoch", "seq"),
    PASSWORD: ("user_id", "login_id", "place"),
    CHANGED: ("bio_epoch", "change", "detected_by"),
    ERASED: (),
}


@dataclass(slots=True)
class Draft:
    """One event before it is put on the wire; times in ms."""

    type: str
    device_id: str
    event_id: str
    source: str
    time: int
    data: dict[str, Any]
