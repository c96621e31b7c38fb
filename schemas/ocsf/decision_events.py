"""Decisions as OCSF events: what was done to a device's biometric login, and how it stands now.

Owns the mapping of every decision. What switches biometrics on or off is told twice, for two kinds
of reader: as something done to an entity (3004), and as the state that the device is in (5019).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, assert_never

from events.decisions import (
    Decision,
    Disabled,
    Enabled,
    FallbackRequired,
    Rearmed,
    Rebaselined,
    ReEnabled,
    ReEnableRequired,
    RefreshAdvised,
)
from events.vocabulary import DisabledReason, FallbackReason
from schemas.ocsf.classes import (
    DEVICE_CONFIG_STATE_CHANGE,
    ENTITY_MANAGEMENT,
    LOGGED,
    OTHER,
    EntityActivity,
    SecurityLevel,
    Severity,
    State,
    Status,
)
from schemas.ocsf.event import OcsfEvent, Origin, Result, Subject, event, managed, without_none
from schemas.ocsf.findings import DISABLED, finding_event

REBASELINED: Final = "rebaselined"
"""`status_detail` of a state that an upgrade of the operating system did not change."""

_LEVELS: Final = {
    DisabledReason.BIOMETRICS_CHANGED: SecurityLevel.AT_RISK,
    DisabledReason.OS_BIOMETRICS_REMOVED: SecurityLevel.AT_RISK,
    DisabledReason.FAILURE_LIMIT: SecurityLevel.COMPROMISED,
}
"""What a reason says about the device; others say nothing about it."""

_SEVERITIES: Final = {
    DisabledReason.BIOMETRICS_CHANGED: Severity.MEDIUM,
    DisabledReason.OS_BIOMETRICS_REMOVED: Severity.LOW,
    DisabledReason.FAILURE_LIMIT: Severity.HIGH,
    DisabledReason.ADMIN: Severity.LOW,
}
"""Of a disable, by its reason; of others it is informational."""


class _Done(NamedTuple):
    """What a decision does, in OCSF's words."""

    activity: int
    name: str
    detail: str | None = None
    severity: Severity = Severity.INFORMATIONAL


def decision_events(decision: Decision, origin: Origin, subject: Subject) -> Sequence[OcsfEvent]:
    """What the feed says of a decision, the event with the decision's own id first."""
    if isinstance(decision, Rebaselined):
        return (_told(_state(decision, origin, subject), decision),)
    done = _done(decision)
    managed_event = event(
        ENTITY_MANAGEMENT,
        done.activity,
        origin,
        subject,
        Result(status=Status.SUCCESS, detail=done.detail, severity=done.severity),
        activity_name=done.name,
        message=f"{done.name}: biometric login" + (f" ({done.detail})" if done.detail else ""),
    )
    managed_event |= {"entity": managed(subject), "actor": subject.actor}
    events = [_told(managed_event, decision)]
    if isinstance(decision, Enabled | ReEnabled | Disabled):
        events.append(_state(decision, origin, subject))
    if isinstance(decision, Disabled) and (finding := DISABLED.get(decision.reason)) is not None:
        events.append(finding_event(finding, origin, subject, decision.reason.value))
    return events


def _done(decision: Decision) -> _Done:
    match decision:
        case Enabled():
            return _known(EntityActivity.ENABLE)
        case ReEnabled():
            return _known(EntityActivity.ENABLE, decision.previous_reason.value)
        case Disabled(reason=reason):
            severity = _SEVERITIES.get(reason, Severity.INFORMATIONAL)
            return _known(EntityActivity.DISABLE, reason.value, severity)
        case FallbackRequired(reason=FallbackReason.OS_BIOMETRICS_REMOVED as reason):
            # Guidance for this login only: the user is disabled already.
            return _Done(OTHER, "Require Password", reason.value)
        case FallbackRequired(reason=reason):
            is_lockout = reason is FallbackReason.TOO_MANY_FAILURES
            severity = Severity.MEDIUM if is_lockout else Severity.INFORMATIONAL
            return _known(EntityActivity.SUSPEND, reason.value, severity)
        case Rearmed(reason=reason):
            return _known(EntityActivity.RESUME, reason.value)
        case ReEnableRequired(reason=reason):
            return _Done(OTHER, "Require Re-enabling", reason.value)
        case RefreshAdvised():
            return _Done(OTHER, "Advise Refresh", None, Severity.LOW)
        case Rebaselined():
            return _Done(OTHER, "Rebaseline", REBASELINED)
        case _:
            assert_never(decision)


def _known(
    activity: EntityActivity,
    detail: str | None = None,
    severity: Severity = Severity.INFORMATIONAL,
) -> _Done:
    return _Done(activity, activity.name.capitalize(), detail, severity)


def _state(
    decision: Enabled | ReEnabled | Disabled | Rebaselined, origin: Origin, subject: Subject
) -> OcsfEvent:
    """How the device stands now."""
    before: SecurityLevel | None = None
    detail: str | None = None
    match decision:
        case Disabled(reason=reason):
            state, level, detail = State.DISABLED, _LEVELS.get(reason), reason.value
            severity = _SEVERITIES.get(reason, Severity.INFORMATIONAL)
        case ReEnabled(previous_reason=reason):
            state, level, detail = State.ENABLED, SecurityLevel.SECURE, reason.value
            before, severity = _LEVELS.get(reason), Severity.INFORMATIONAL
        case Enabled():
            state, level, severity = State.ENABLED, SecurityLevel.SECURE, Severity.INFORMATIONAL
        case Rebaselined():
            state, level, detail = State.ENABLED, SecurityLevel.SECURE, REBASELINED
            severity = Severity.LOW
        case _:
            assert_never(decision)
    told = event(
        DEVICE_CONFIG_STATE_CHANGE,
        LOGGED,
        origin,
        subject,
        Result(status=Status.SUCCESS, detail=detail, severity=severity),
        message=f"Biometric login is {state.word.lower()}" + (f" ({detail})" if detail else ""),
        is_primary=isinstance(decision, Rebaselined),
    )
    told |= without_none(
        {
            "actor": subject.actor,
            "state_id": state.number,
            "state": state.word,
            "security_level_id": None if level is None else level.number,
            "security_level": None if level is None else level.word,
            "prev_security_level_id": None if before is None else before.number,
            "prev_security_level": None if before is None else before.word,
        }
    )
    return told


def _told(told: OcsfEvent, decision: Decision) -> OcsfEvent:
    """Add what OCSF has no attribute for, under biolatch's own names."""
    channel = decision.channel if isinstance(decision, Enabled | ReEnabled) else None
    allow = decision.allow_re_enable if isinstance(decision, Disabled) else None
    wait_until = decision.wait_until if isinstance(decision, FallbackRequired) else None
    told["unmapped"] = without_none(
        {
            "cause": decision.cause.type,
            "channel": channel,
            "guidance": decision.guidance,
            "method": decision.method,
            "key_binding": decision.key_binding,
            "bio_epoch": decision.bio_epoch,
            "allow_re_enable": allow,
            "wait_until": wait_until,
        }
    )
    return told
