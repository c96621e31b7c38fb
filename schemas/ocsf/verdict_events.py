"""Verdicts as OCSF events: logins, what was asked for a device, and what its phone reported.

Owns the mapping of every verdict, by what it answers. A verdict tells what was tried and how that
ended; what it changed for the device, decisions tell.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.verdicts import Accepted, Applied, Failed, NotCounted, Noted, Refused, Verdict
from events.vocabulary import AttemptOutcome, DisabledReason, Place, RefusedReason
from schemas.ocsf.classes import (
    AUTHENTICATION,
    DEVICE_CONFIG_STATE_CHANGE,
    ENTITY_MANAGEMENT,
    LOGGED,
    LOGON,
    OTHER,
    Action,
    EntityActivity,
    Factor,
    LogonType,
    SecurityLevel,
    Severity,
    Status,
)
from schemas.ocsf.event import OcsfEvent, Origin, Result, Subject, event, managed, without_none
from schemas.ocsf.findings import REFUSED, finding_event
from schemas.ocsf.masking import IdKind, Mask, told

FALLBACK: Final = "fallback"
"""`status_detail` of a password that took the place of biometrics."""

_FACTORS: Final = {
    AttemptFinished.event_type: Factor.BIOMETRIC,
    PasswordAccepted.event_type: Factor.PASSWORD,
}
_ENTITY_ACTIVITIES: Final = {
    EnrollmentSubmitted.event_type: EntityActivity.ENROLL,
    EnrollmentWithdrawn.event_type: EntityActivity.UNENROLL,
    EnrollmentRevoked.event_type: EntityActivity.UNENROLL,
    DeviceErased.event_type: EntityActivity.DELETE,
}
_OTHER_ACTIVITIES: Final = {
    EnrollmentDeclined.event_type: "Decline",
    # Of an erased user: the verdict does not say whose attempt it was, and a login needs a user.
    AttemptFinished.event_type: "Log In After Erasure",
    PasswordAccepted.event_type: "Log In After Erasure",
}
_WHY: Final = {
    EnrollmentWithdrawn.event_type: DisabledReason.USER_REQUEST.value,
    EnrollmentRevoked.event_type: DisabledReason.ADMIN.value,
}
"""`status_detail` of what was asked for, where it went well."""

_DETAILS_OF_APPLIED: Final = {
    **_WHY,
    PasswordAccepted.event_type: FALLBACK,
    BiometricsChanged.event_type: DisabledReason.BIOMETRICS_CHANGED.value,
}
_SEVERITIES_OF_APPLIED: Final = {BiometricsChanged.event_type: Severity.MEDIUM}

_LOGON_TYPES: Final = {
    Place.SIGN_IN: LogonType.INTERACTIVE,
    Place.PROTECTED_PAGE: LogonType.UNLOCK,
}
_OF_NO_CONCERN: Final = (RefusedReason.DUPLICATE, RefusedReason.ERASED)
"""Publishers may repeat themselves, and what comes late for an erased device is expected."""


def verdict_events(
    verdict: Verdict, origin: Origin, subject: Subject, mask: Mask
) -> Sequence[OcsfEvent]:
    """What the feed says of a verdict: one event, and a finding where it is one."""
    cause = verdict.cause.type
    ended = _ended(verdict)
    if cause in _FACTORS and verdict.user_id is not None:
        primary = _logon(verdict, ended, origin, subject, mask)
    elif cause == BiometricsChanged.event_type:
        primary = _reported_change(verdict, ended, origin, subject)
    else:
        primary = _asked(verdict, ended, origin, subject)
    if unmapped := _unmapped(verdict):
        primary["unmapped"] = unmapped
    finding = REFUSED.get(verdict.reason) if isinstance(verdict, Refused) else None
    if finding is None or ended.detail is None:
        return (primary,)
    return (primary, finding_event(finding, origin, subject, ended.detail))


def _ended(verdict: Verdict) -> Result:
    cause = verdict.cause.type
    match verdict:
        case Accepted():
            return Result(status=Status.SUCCESS, action=Action.ALLOWED)
        case Applied():
            return Result(
                status=Status.SUCCESS,
                detail=_DETAILS_OF_APPLIED.get(cause),
                severity=_SEVERITIES_OF_APPLIED.get(cause, Severity.INFORMATIONAL),
                action=Action.ALLOWED,
            )
        case Noted():
            return Result(status=Status.SUCCESS, detail=_WHY.get(cause), action=Action.ALLOWED)
        case NotCounted():
            detail = None if verdict.outcome is None else verdict.outcome.value
            return Result(status=Status.NOT_COUNTED, detail=detail, action=Action.OBSERVED)
        case Failed():
            return Result(
                status=Status.FAILURE,
                detail=(verdict.outcome or AttemptOutcome.REJECTED).value,
                severity=Severity.LOW,
                action=Action.DENIED,
            )
        case Refused():
            expected = verdict.reason in _OF_NO_CONCERN
            return Result(
                status=Status.FAILURE,
                detail=verdict.reason.value,
                severity=Severity.INFORMATIONAL if expected else Severity.LOW,
                action=Action.DENIED,
            )
        case _:
            assert_never(verdict)


def _logon(
    verdict: Verdict, ended: Result, origin: Origin, subject: Subject, mask: Mask
) -> OcsfEvent:
    factor = _FACTORS[verdict.cause.type]
    logon = event(
        AUTHENTICATION,
        LOGON,
        origin,
        subject,
        ended,
        message=_words(f"{factor.word} login", ended),
    )
    logon_type = None if verdict.place is None else _LOGON_TYPES[verdict.place]
    session = None if verdict.login_id is None else mask(IdKind.LOGIN, verdict.login_id)
    logon |= without_none(
        {
            "user": subject.user,
            "service": {"name": subject.publisher or "unknown"},
            "auth_factors": [{"factor_type_id": factor.number, "factor_type": factor.word}],
            "logon_type_id": None if logon_type is None else logon_type.number,
            "logon_type": None if logon_type is None else logon_type.word,
            "session": None
            if session is None
            else without_none({"uid": session.uid, "uid_alt": session.uid_alt}),
        }
    )
    return logon


def _reported_change(
    verdict: Verdict, ended: Result, origin: Origin, subject: Subject
) -> OcsfEvent:
    """The phone says that another set of faces or fingers is enrolled on it."""
    was_applied = isinstance(verdict, Applied)
    change = event(
        DEVICE_CONFIG_STATE_CHANGE,
        LOGGED,
        origin,
        subject,
        ended,
        message=_words("Change of the biometrics on the phone", ended),
    )
    change["actor"] = subject.actor
    if was_applied:
        change["security_level_id"] = SecurityLevel.AT_RISK.number
        change["security_level"] = SecurityLevel.AT_RISK.word
    return change


def _asked(verdict: Verdict, ended: Result, origin: Origin, subject: Subject) -> OcsfEvent:
    """Somebody asked for something to be done to the device's biometric login."""
    activity = _ENTITY_ACTIVITIES.get(verdict.cause.type)
    name = (
        activity.name.capitalize()
        if activity is not None
        else _OTHER_ACTIVITIES.get(verdict.cause.type, "Other")
    )
    asked = event(
        ENTITY_MANAGEMENT,
        OTHER if activity is None else activity,
        origin,
        subject,
        ended,
        activity_name=name,
        message=_words(f"{name}: biometric login", ended),
    )
    asked |= {"entity": managed(subject), "actor": subject.actor}
    return asked


def _words(what: str, ended: Result) -> str:
    return what + f", {ended.status.word.lower()}" + (f" ({ended.detail})" if ended.detail else "")


def _unmapped(verdict: Verdict) -> OcsfEvent:
    """What OCSF has no attribute for, under biolatch's own names."""
    ids = (verdict.device_id, verdict.user_id, verdict.login_id)
    return without_none(
        {
            "cause": verdict.cause.type,
            "outcome": verdict.outcome,
            "channel": verdict.channel,
            "guidance": verdict.guidance,
            "method": verdict.method,
            "scans": verdict.scans,
            "platform_code": told(verdict.platform_code, ids),
            "app_version": told(verdict.app_version, ids),
            "attempts_left": verdict.attempts_left if isinstance(verdict, Failed) else None,
        }
    )
