"""The closed sets of the domain in words for operators; never for end users.

Rule numbers are those of docs/reference/rules.md.
"""

from collections.abc import Mapping
from typing import Final

from events.vocabulary import FallbackReason, Guidance, Offer, OffReason

REASONS: Final[Mapping[OffReason, str]] = {
    OffReason.USER_REQUEST: "the user switched it off",
    OffReason.ADMIN: "an administrator switched it off",
    OffReason.BIOMETRICS_CHANGED: "the faces or fingers set up on the phone have changed",
    OffReason.OS_BIOMETRICS_REMOVED: "no face or finger is set up on the phone any more",
    OffReason.FAILURE_LIMIT: "too many checks in a row have failed",
    OffReason.TOO_MANY_FAILURES: "the check has failed too often",
    OffReason.DEVICE_LOCKED: "the phone has locked its own check",
    OffReason.USER_CHOICE: "the user chose the password",
    OffReason.SENSOR_UNAVAILABLE: "the phone's sensor could not be used",
}

NEXT_STEPS: Final[Mapping[Guidance, str]] = {
    Guidance.NONE: "nothing",
    Guidance.RE_ENABLE: "enable it again, after a login with the password",
    Guidance.OPEN_DEVICE_SETTINGS: "set up a face or finger in the phone's own settings first",
    Guidance.USE_PASSWORD: "use the password for this login",
    Guidance.REFRESH_BIOMETRICS: "set up the face or finger on the phone anew",
}

OFFERS: Final[Mapping[Offer, str]] = {
    Offer.NONE: "nothing to offer",
    Offer.PROMPT: "the app may prompt the user to enable it",
    Offer.SETTINGS_ONLY: "no prompt: only the app's settings offer it",
    Offer.DEVICE_SETTINGS_FIRST: "the app sends the user to the phone's settings first",
}

RULES: Final[Mapping[str, str]] = {
    "enabled": "an enrollment that nothing spoke against enables it (rule 9)",
    "re-enabled": "an enrollment with a new key, after a login with the password, enables it again "
    "(rule 9)",
    "rearmed(next_login)": "the login after a fallback may use biometrics again (rule 18)",
    "rearmed(password)": "an accepted password ends the fallback",
    "fallback-required(too_many_failures)": "after too many rejected checks this login needs the "
    "password, and the next one waits (rule 19)",
    "fallback-required(device_locked)": "a phone that has locked its check leaves the password to "
    "this login (rule 19)",
    "fallback-required(user_choice)": "who chooses the password uses it for this login (rule 19)",
    "fallback-required(sensor_unavailable)": "without a sensor this login needs the password "
    "(rule 19)",
    "disabled(user_request)": "a user may switch it off at any time, for any reason",
    "disabled(admin)": "an administrator may switch it off",
    "disabled(biometrics_changed)": "new faces or fingers on a phone switch it off for all its "
    "users, until each enables it again (rules 8 and 11)",
    "disabled(os_biometrics_removed)": "a phone without faces and fingers switches it off for all "
    "its users (rule 19)",
    "disabled(failure_limit)": "too many rejected checks in a row switch it off (rule 19)",
    "disabled(erased)": "an erased user or device is forgotten",
}
"""Why a decision that moves a user's status was made, by its kind and reason."""

WITHOUT_DECISION: Final[Mapping[OffReason, str]] = {
    OffReason.USER_REQUEST: "a withdrawal stands as the reason also for who was off already",
    OffReason.ADMIN: "a revocation counts also for who was off already, or not known yet",
    OffReason.BIOMETRICS_CHANGED: "a change of the phone renews the reason of those whom it had "
    "switched off (rule 11b)",
    OffReason.OS_BIOMETRICS_REMOVED: "a change of the phone renews the reason of those whom it had "
    "switched off (rule 11b)",
}
"""Why an event that led to no decision moved the reason of a user who was not live."""

GUIDANCE_ONLY: Final = f"fallback-required({FallbackReason.OS_BIOMETRICS_REMOVED.value})"
"""The one fallback that moves nothing: the user is disabled by then (rule 19)."""
