"""Events as they usually are, each field with a sound default: change what a test is about.

Plain functions. Ids are the same each time, so a test may name them; instants are now.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from biolatch_client.events import (
    AnyEvent,
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from biolatch_client.words import (
    AttemptOutcome,
    BiometricChange,
    Channel,
    DetectedBy,
    KeyBinding,
    Method,
    OsBiometrics,
    Place,
    Platform,
)

USER_ID: Final = "user-1"
KEY_ID: Final = "key-1"
LOGIN_ID: Final = "login-1"


def enrollment_submitted(**changes: Any) -> EnrollmentSubmitted:  # noqa: ANN401 - any field's value
    """A user switched Face ID on, right after the password login."""
    fields: dict[str, Any] = {
        "user_id": USER_ID,
        "channel": Channel.LOGIN_PROMPT,
        "method": Method.FACE,
        "platform": Platform.IOS,
        "key_id": KEY_ID,
        "bio_epoch": 1,
        "os_biometrics": OsBiometrics.READY,
        "password_verified_at": datetime.now(UTC),
        "key_binding": KeyBinding.CURRENT_SET,
        "login_id": LOGIN_ID,
    }
    return EnrollmentSubmitted(**(fields | changes))


def enrollment_declined(**changes: Any) -> EnrollmentDeclined:  # noqa: ANN401 - as above
    """A user said no to the prompt."""
    fields: dict[str, Any] = {"user_id": USER_ID, "channel": Channel.LOGIN_PROMPT}
    return EnrollmentDeclined(**(fields | changes))


def enrollment_withdrawn(**changes: Any) -> EnrollmentWithdrawn:  # noqa: ANN401 - as above
    """A user switched it off in the settings."""
    fields: dict[str, Any] = {"user_id": USER_ID, "channel": Channel.SETTINGS}
    return EnrollmentWithdrawn(**(fields | changes))


def enrollment_revoked(**changes: Any) -> EnrollmentRevoked:  # noqa: ANN401 - as above
    """An administrator switched it off; the user may switch it on again."""
    fields: dict[str, Any] = {
        "user_id": USER_ID,
        "reason_admin": "device reported lost",
        "allow_re_enable": True,
    }
    return EnrollmentRevoked(**(fields | changes))


def attempt_finished(**changes: Any) -> AttemptFinished:  # noqa: ANN401 - as above
    """The phone recognised the user, at sign-in."""
    fields: dict[str, Any] = {
        "user_id": USER_ID,
        "login_id": LOGIN_ID,
        "place": Place.SIGN_IN,
        "outcome": AttemptOutcome.MATCHED,
        "key_id": KEY_ID,
        "bio_epoch": 1,
        "seq": 1,
    }
    return AttemptFinished(**(fields | changes))


def password_accepted(**changes: Any) -> PasswordAccepted:  # noqa: ANN401 - as above
    """The backend accepted the user's password, at sign-in."""
    fields: dict[str, Any] = {"user_id": USER_ID, "login_id": LOGIN_ID, "place": Place.SIGN_IN}
    return PasswordAccepted(**(fields | changes))


def biometrics_changed(**changes: Any) -> BiometricsChanged:  # noqa: ANN401 - as above
    """The app saw that a face or finger was added on the phone."""
    fields: dict[str, Any] = {
        "bio_epoch": 2,
        "change": BiometricChange.ADDED,
        "detected_by": DetectedBy.DOMAIN_STATE,
    }
    return BiometricsChanged(**(fields | changes))


def device_erased(**changes: Any) -> DeviceErased:  # noqa: ANN401 - as above
    """Forget the whole device."""
    return DeviceErased(**changes)


EVENT_FACTORIES: Final[Mapping[type[AnyEvent], Callable[..., AnyEvent]]] = {
    EnrollmentSubmitted: enrollment_submitted,
    EnrollmentDeclined: enrollment_declined,
    EnrollmentWithdrawn: enrollment_withdrawn,
    EnrollmentRevoked: enrollment_revoked,
    AttemptFinished: attempt_finished,
    PasswordAccepted: password_accepted,
    BiometricsChanged: biometrics_changed,
    DeviceErased: device_erased,
}
"""The factory of each event."""
