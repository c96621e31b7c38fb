"""Why biolatch answered as it did: the rule behind each verdict and decision, in a sentence.

Rule numbers are those of docs/reference/rules.md. For operators, and never for end users: a user
is not told which check has failed.
"""

from collections.abc import Mapping
from typing import Final

from deploy.inspection.wording import GUIDANCE_ONLY, RULES
from events.facts import (
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.vocabulary import AttemptOutcome, RefusedReason

REFUSALS: Final[Mapping[RefusedReason, str]] = {
    RefusedReason.DUPLICATE: "the same event came before; it counts once (rule 1)",
    RefusedReason.ERASED: "device or user was erased, and the event is from before that (rule 2)",
    RefusedReason.OS_BIOMETRICS_NOT_READY: "no face or finger is set up on the phone; its own "
    "settings come first (rule 3)",
    RefusedReason.STALE_EPOCH: "it speaks of an earlier set of faces or fingers than the one that "
    "the phone is known to have (rules 4 and 13)",
    RefusedReason.PASSWORD_TOO_OLD: "enabling needs a login with the password that is fresh, and "
    "later than what switched it off (rule 5)",
    RefusedReason.KEY_REUSED: "every enabling needs a new key; this one has been used on this "
    "device (rule 6)",
    RefusedReason.REVOKED: "an administrator has switched it off for good (rule 7)",
    RefusedReason.SUPERSEDED: "the user switched it off after this enrollment was made (rule 7)",
    RefusedReason.TOO_MANY_USERS: "the device has as many users as it can have (rule 7)",
    RefusedReason.UNKNOWN_BINDING: "this user has never enabled it on this device (rule 10)",
    RefusedReason.BIOMETRICS_CHANGED: "the attempt shows that the faces or fingers on the phone "
    "have changed; nobody is let in by a new one (rule 11)",
    RefusedReason.SIGNATURE_INVALID: "the phone must sign this, and the signature is missing or "
    "not that of the enrolled key (rules 7c and 11c)",
    RefusedReason.RATE_LIMITED: "more attempts than a person can make; the flood guard lets them "
    "pass again as time goes by (rule 11d)",
    RefusedReason.DISABLED: "it is switched off for this user (rule 12)",
    RefusedReason.UNKNOWN_KEY: "the key is not the one of the user's latest enrollment (rule 14)",
    RefusedReason.REPLAYED: "an attempt with this number, or a later one, came before (rule 15)",
    RefusedReason.FALLBACK_ACTIVE: "this login needs the password now (rule 16)",
    RefusedReason.WAIT: "after too many failures the next login has to wait (rule 17)",
}
"""Why an event was refused."""

OUTCOMES: Final[Mapping[AttemptOutcome, str]] = {
    AttemptOutcome.MATCHED: "the check succeeded; all counts of failures start anew (rule 19)",
    AttemptOutcome.REJECTED: "the check failed; it counts towards the limit (rule 19)",
    AttemptOutcome.CANCELLED_USER: "the user cancelled; it counts as nothing (rule 19)",
    AttemptOutcome.CANCELLED_SYSTEM: "the phone cancelled; it counts as nothing (rule 19)",
    AttemptOutcome.TIMEOUT: "nobody answered the prompt; it counts as nothing (rule 19)",
    AttemptOutcome.FALLBACK_CHOSEN: "the user chose the password; no failure (rule 19)",
    AttemptOutcome.LOCKED_TIMED: "the phone has locked its check for a while (rule 19)",
    AttemptOutcome.LOCKED_UNTIL_CREDENTIAL: "the phone has locked its check until its own code is "
    "entered (rule 19)",
    AttemptOutcome.NOT_ENROLLED: "no face or finger is set up on the phone any more (rule 19)",
    AttemptOutcome.UNAVAILABLE: "the sensor could not be used (rule 19)",
    AttemptOutcome.DEVICE_CREDENTIAL_MISSING: "the phone has no code any more, and so no faces or "
    "fingers either (rule 19)",
    AttemptOutcome.SET_CHANGED: "the phone says that its faces or fingers have changed (rule 11)",
}
"""What an attempt that was not refused means, by its outcome."""

_EVENTS: Final[Mapping[tuple[str, str], str]] = {
    ("applied", EnrollmentSubmitted.event_type): "nothing speaks against enabling it (rule 8)",
    ("noted", EnrollmentDeclined.event_type): "the user was asked and said no; who is not enabled "
    "is not prompted for a while",
    ("applied", EnrollmentWithdrawn.event_type): "anyone may switch it off, at any time, for any "
    "reason",
    ("noted", EnrollmentWithdrawn.event_type): "it was not on; the wish is kept",
    ("applied", EnrollmentRevoked.event_type): "an administrator may switch it off",
    ("noted", EnrollmentRevoked.event_type): "the device has no place left for a user whom it does "
    "not know",
    ("applied", PasswordAccepted.event_type): "the password ends the fallback",
    ("noted", PasswordAccepted.event_type): "a password changes nothing for who is not in a "
    "fallback, but that failures start anew",
    ("applied", BiometricsChanged.event_type): "the phone reports other faces or fingers",
    ("applied", DeviceErased.event_type): "what is erased is forgotten; a mark stays, so that "
    "nothing from before comes back",
}

_ADVICE: Final[Mapping[str, str]] = {
    "re-enable-required": "the user tried to use it while it was off; the app guides them through "
    "enabling it again, once a login (rule 12)",
    "refresh-advised": "it has failed often; setting up the face or finger anew on the phone gives "
    "a better scan (rule 20)",
    "rebaselined": "an upgrade of the phone's system moved the epoch; who was enabled stays so "
    "(policy os_upgrade_keeps_enabled)",
}
"""Why a decision that moves nobody was made, by its kind."""


def rule_of_verdict(kind: str, *, event_type: str, reason: str, outcome: str) -> str:
    """The rule behind a verdict; empty where this version knows none.

    Args:
        kind: `refused`, `accepted`.
        event_type: of the event that was answered.
        reason: why it was refused.
        outcome: of the attempt.
    """
    if kind == "refused":
        return REFUSALS[RefusedReason(reason)] if reason in tuple(RefusedReason) else ""
    if outcome in tuple(AttemptOutcome):
        return OUTCOMES[AttemptOutcome(outcome)]
    return _EVENTS.get((kind, event_type), "")


def rule_of_decision(name: str) -> str:
    """The rule behind a decision, by its kind and reason: `disabled(admin)`, `enabled`."""
    if name == GUIDANCE_ONLY:
        return "without a face or finger on the phone, this login needs the password (rule 19)"
    return RULES.get(name) or _ADVICE.get(name.partition("(")[0], "")
