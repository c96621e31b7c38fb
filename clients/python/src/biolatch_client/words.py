"""The words of the contract: closed sets whose values are wire values.

Generated from `events.vocabulary` by `make docs`; do not edit.
"""

from enum import StrEnum
from typing import Final

ID_LENGTH_MAX: Final = 128
BIO_EPOCH_MAX: Final = 2**31 - 1
COUNT_MAX: Final = 2**53 - 1
"""Largest `seq` and `scans`: what a JSON number holds exactly in every language."""


class Channel(StrEnum):
    """Where in the app the user was asked, or acted by themselves."""

    LOGIN_PROMPT = "login_prompt"
    AFTER_LOGIN_PROMPT = "after_login_prompt"
    SETTINGS = "settings"


class Method(StrEnum):
    """What the phone recognises."""

    FACE = "face"
    FINGERPRINT = "fingerprint"


class Platform(StrEnum):
    """The phone's operating system; it decides the words of the prompt."""

    IOS = "ios"
    ANDROID = "android"
    OTHER = "other"


class OsBiometrics(StrEnum):
    """Whether biometrics are set up in the phone's own settings."""

    READY = "ready"
    NOT_SET_UP = "not_set_up"
    UNAVAILABLE = "unavailable"


class KeyBinding(StrEnum):
    """Whether the device-bound key dies with a change of the enrolled faces or fingers."""

    CURRENT_SET = "current_set"
    ANY_SET = "any_set"
    NONE = "none"
    UNKNOWN = "unknown"


class Place(StrEnum):
    """The two places of the app where biometrics stand in for the password."""

    SIGN_IN = "sign_in"
    PROTECTED_PAGE = "protected_page"


class AttemptOutcome(StrEnum):
    """How a biometric prompt ended, normalised over the platforms (design rule 19)."""

    MATCHED = "matched"
    REJECTED = "rejected"
    CANCELLED_USER = "cancelled_user"
    CANCELLED_SYSTEM = "cancelled_system"
    TIMEOUT = "timeout"
    FALLBACK_CHOSEN = "fallback_chosen"
    LOCKED_TIMED = "locked_timed"
    LOCKED_UNTIL_CREDENTIAL = "locked_until_credential"
    NOT_ENROLLED = "not_enrolled"
    UNAVAILABLE = "unavailable"
    DEVICE_CREDENTIAL_MISSING = "device_credential_missing"
    SET_CHANGED = "set_changed"


class BiometricChange(StrEnum):
    """What happened to the set of faces or fingers enrolled on the phone."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    ALL_REMOVED = "all_removed"
    UNKNOWN = "unknown"


class DetectedBy(StrEnum):
    """How the app learned of a change."""

    DOMAIN_STATE = "domain_state"
    KEY_INVALIDATED = "key_invalidated"
    APP_CHECK = "app_check"


class Status(StrEnum):
    """Where a user stands on a device (design section 3)."""

    ABSENT = "absent"
    ENABLED = "enabled"
    FALLBACK = "fallback"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why biometrics are off for a user of a device."""

    USER_REQUEST = "user_request"
    ADMIN = "admin"
    BIOMETRICS_CHANGED = "biometrics_changed"
    OS_BIOMETRICS_REMOVED = "os_biometrics_removed"
    FAILURE_LIMIT = "failure_limit"
    ERASED = "erased"


class FallbackReason(StrEnum):
    """Why this login needs the password."""

    TOO_MANY_FAILURES = "too_many_failures"
    DEVICE_LOCKED = "device_locked"
    USER_CHOICE = "user_choice"
    SENSOR_UNAVAILABLE = "sensor_unavailable"
    OS_BIOMETRICS_REMOVED = "os_biometrics_removed"


class OffReason(StrEnum):
    """Why a user may not use biometrics now: of a disabled status, or of a fallback."""

    USER_REQUEST = DisabledReason.USER_REQUEST.value
    ADMIN = DisabledReason.ADMIN.value
    BIOMETRICS_CHANGED = DisabledReason.BIOMETRICS_CHANGED.value
    OS_BIOMETRICS_REMOVED = DisabledReason.OS_BIOMETRICS_REMOVED.value
    FAILURE_LIMIT = DisabledReason.FAILURE_LIMIT.value
    TOO_MANY_FAILURES = FallbackReason.TOO_MANY_FAILURES.value
    DEVICE_LOCKED = FallbackReason.DEVICE_LOCKED.value
    USER_CHOICE = FallbackReason.USER_CHOICE.value
    SENSOR_UNAVAILABLE = FallbackReason.SENSOR_UNAVAILABLE.value


class RearmedReason(StrEnum):
    """What ended a fallback."""

    NEXT_LOGIN = "next_login"
    PASSWORD = "password"  # noqa: S105 - a reason's name, not a secret


class RefusedReason(StrEnum):
    """Why an event was refused, in the order of the rules that say so (design section 4)."""

    DUPLICATE = "duplicate"
    ERASED = "erased"
    OS_BIOMETRICS_NOT_READY = "os_biometrics_not_ready"
    STALE_EPOCH = "stale_epoch"
    PASSWORD_TOO_OLD = "password_too_old"  # noqa: S105 - a reason's name, not a secret
    KEY_REUSED = "key_reused"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    TOO_MANY_USERS = "too_many_users"
    UNKNOWN_BINDING = "unknown_binding"
    BIOMETRICS_CHANGED = "biometrics_changed"
    SIGNATURE_INVALID = "signature_invalid"
    RATE_LIMITED = "rate_limited"
    DISABLED = "disabled"
    UNKNOWN_KEY = "unknown_key"
    REPLAYED = "replayed"
    FALLBACK_ACTIVE = "fallback_active"
    WAIT = "wait"


class Guidance(StrEnum):
    """What the user should do next; neutral about which check failed (PSD2 RTS article 4)."""

    NONE = "none"
    RE_ENABLE = "re_enable"
    OPEN_DEVICE_SETTINGS = "open_device_settings"
    USE_PASSWORD = "use_password"  # noqa: S105 - a piece of guidance, not a secret
    REFRESH_BIOMETRICS = "refresh_biometrics"


class Offer(StrEnum):
    """What the app may offer a user who is not enabled."""

    NONE = "none"
    PROMPT = "prompt"
    SETTINGS_ONLY = "settings_only"
    DEVICE_SETTINGS_FIRST = "device_settings_first"


class PromptLabel(StrEnum):
    """The platform's own word for the check, as the prompt shows it."""

    TOUCH_ID = "Touch ID"
    FACE_ID = "Face ID"
    FACE = "face recognition"
    FINGERPRINT = "fingerprint recognition"


def prompt_label(method: Method, platform: Platform) -> PromptLabel:
    """The word a prompt uses (article: "prompts in the app will read Touch ID or Face ID")."""
    if platform is Platform.IOS:
        return PromptLabel.FACE_ID if method is Method.FACE else PromptLabel.TOUCH_ID
    return PromptLabel.FACE if method is Method.FACE else PromptLabel.FINGERPRINT
