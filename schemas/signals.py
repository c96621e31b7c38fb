"""From decisions and verdicts to the security events that other systems are told.

Owns the mapping, as a table: which event follows from what, who set it off, and the words for
administrators. Pure, and it knows no stream: whoever sends chooses among what is here. There is no
`reason_user`: what an end user reads is the notifier's, and stays neutral.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias, assert_never

from events import facts
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
from events.verdicts import Accepted, Applied, Failed, NotCounted, Noted, Refused, Verdict
from events.vocabulary import (
    DisabledReason,
    FallbackReason,
    Method,
    Place,
    Platform,
    RefusedReason,
)
from schemas.signal_types import ChangeType, InitiatingEntity, RiskLevel, SignalType

Claims: TypeAlias = Mapping[str, object]

Output: TypeAlias = Decision | Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPolicy:
    """What an installation has agreed with its receivers.

    Attributes:
        credential_type: what the biometric key of an app is called in `credential-change`.
        session_revoked_for: a disable for one of these reasons also revokes the sessions.
    """

    credential_type: str = "app"
    session_revoked_for: frozenset[DisabledReason] = field(
        default_factory=lambda: frozenset({DisabledReason.BIOMETRICS_CHANGED})
    )


class Signal(NamedTuple):
    """One security event, before it is addressed to anybody.

    Attributes:
        type: the event type.
        claims: its own claims, without the time.
        user_id, device_id: whom it is about.
        login_id: the session, where the event is about that session alone.
    """

    type: SignalType
    claims: Claims
    user_id: str
    device_id: str
    login_id: str | None = None


class _Off(NamedTuple):
    """How a disable is told: what becomes of the credential, by whom, in which words."""

    change: ChangeType
    by: InitiatingEntity
    words: str


_DISABLED: Final[Mapping[DisabledReason, _Off | None]] = {
    DisabledReason.USER_REQUEST: _Off(
        ChangeType.DELETE, InitiatingEntity.USER, "Biometric login switched off by the user"
    ),
    DisabledReason.ADMIN: _Off(
        ChangeType.REVOKE, InitiatingEntity.ADMIN, "Biometric login revoked by an administrator"
    ),
    DisabledReason.BIOMETRICS_CHANGED: _Off(
        ChangeType.REVOKE, InitiatingEntity.SYSTEM, "The biometrics on the device have changed"
    ),
    DisabledReason.OS_BIOMETRICS_REMOVED: _Off(
        ChangeType.REVOKE, InitiatingEntity.SYSTEM, "Biometrics were removed from the device"
    ),
    DisabledReason.FAILURE_LIMIT: _Off(
        ChangeType.REVOKE, InitiatingEntity.POLICY, "The limit of failed biometric checks"
    ),
    # Who is erased is the account owner's to tell (RISC account-purged); we name them no more.
    DisabledReason.ERASED: None,
}

_FALLBACK: Final[Mapping[FallbackReason, tuple[InitiatingEntity, str]]] = {
    FallbackReason.TOO_MANY_FAILURES: (
        InitiatingEntity.POLICY,
        "Too many failed biometric checks in this login",
    ),
    FallbackReason.DEVICE_LOCKED: (
        InitiatingEntity.SYSTEM,
        "The device has locked its biometric check",
    ),
    FallbackReason.USER_CHOICE: (InitiatingEntity.USER, "The user chose the password"),
    FallbackReason.SENSOR_UNAVAILABLE: (
        InitiatingEntity.SYSTEM,
        "The device's biometric check is not available",
    ),
    FallbackReason.OS_BIOMETRICS_REMOVED: (
        InitiatingEntity.SYSTEM,
        "No biometrics are set up on the device",
    ),
}

_COMPROMISED: Final[Mapping[RefusedReason, str]] = {
    RefusedReason.REPLAYED: "A biometric attempt was replayed",
    RefusedReason.SIGNATURE_INVALID: "A biometric attempt had a forged signature",
}

_AMR: Final[Mapping[Method, str]] = {Method.FACE: "face", Method.FINGERPRINT: "fpt"}
"""RFC 8176 section 2."""


def signals_of(output: Output, policy: SignalPolicy) -> tuple[Signal, ...]:
    """The security events that follow from a decision or a verdict: at most one of each type."""
    match output:
        case Enabled():
            return (_created(output, policy, "Biometric login enabled"),)
        case ReEnabled():
            return (_created(output, policy, "Biometric login enabled again"),)
        case Disabled():
            return _disabled(output, policy)
        case FallbackRequired():
            return _fallback(output)
        case ReEnableRequired():
            return (_signal(SignalType.ACCOUNT_CREDENTIAL_CHANGE_REQUIRED, {}, output),)
        case Rebaselined():
            words = "The device's operating system was upgraded"
            told = _told(InitiatingEntity.SYSTEM, words)
            return (_credential_change(output, policy, ChangeType.UPDATE, told),)
        case Accepted():
            return _logged_in(output)
        case Refused():
            return _refused(output, policy)
        case Applied() | Noted():
            return _password_login(output)
        case Rearmed() | RefreshAdvised() | Failed() | NotCounted():
            # Ours alone: a fallback that ends raises nothing for others, and friction is no risk.
            return ()
        case _:
            assert_never(output)


def _created(decision: Enabled | ReEnabled, policy: SignalPolicy, words: str) -> Signal:
    told = _told(InitiatingEntity.USER, words)
    return _credential_change(decision, policy, ChangeType.CREATE, told)


def _disabled(decision: Disabled, policy: SignalPolicy) -> tuple[Signal, ...]:
    off = _DISABLED[decision.reason]
    if off is None:
        return ()
    # An administrator's own words are theirs; where there are none, ours stand.
    told = _told(off.by, decision.reason_admin or off.words)
    signals = [_credential_change(decision, policy, off.change, told)]
    if decision.reason in policy.session_revoked_for:
        signals.append(_signal(SignalType.SESSION_REVOKED, told, decision))
    if decision.reason is DisabledReason.BIOMETRICS_CHANGED:
        risk = _risk(RiskLevel.MEDIUM, "BIOMETRICS_CHANGED")
        signals.append(_signal(SignalType.RISK_LEVEL_CHANGE, risk | told, decision))
    return tuple(signals)


def _fallback(decision: FallbackRequired) -> tuple[Signal, ...]:
    if decision.place is not Place.PROTECTED_PAGE:
        return ()  # nobody is logged in yet: there is no session whose assurance could fall
    claims = {
        "namespace": "NIST-AAL",
        "current_level": "nist-aal1",
        "previous_level": "nist-aal2",
        "change_direction": "decrease",
    }
    told = _told(*_FALLBACK[decision.reason])
    return (
        _signal(
            SignalType.ASSURANCE_LEVEL_CHANGE, claims | told, decision, login_id=decision.login_id
        ),
    )


def _logged_in(verdict: Accepted) -> tuple[Signal, ...]:
    told = _told(InitiatingEntity.USER, "Biometric check accepted")
    if verdict.place is Place.PROTECTED_PAGE:
        return _of_user(SignalType.SESSION_PRESENTED, told, verdict, login_id=verdict.login_id)
    # The check (RFC 8176), a key in hardware, and a person who was there.
    amr = [*([] if verdict.method is None else [_AMR[verdict.method]]), "hwk", "user"]
    claims = {"amr": amr} | told
    return _of_user(SignalType.SESSION_ESTABLISHED, claims, verdict, login_id=verdict.login_id)


def _password_login(verdict: Applied | Noted) -> tuple[Signal, ...]:
    """A login with the password, which is what a fallback at sign-in leads to."""
    if (
        verdict.cause.type != facts.PasswordAccepted.event_type
        or verdict.place is not Place.SIGN_IN
    ):
        return ()
    claims = {"amr": ["pwd", "user"]} | _told(InitiatingEntity.USER, "Password accepted")
    return _of_user(SignalType.SESSION_ESTABLISHED, claims, verdict, login_id=verdict.login_id)


def _refused(verdict: Refused, policy: SignalPolicy) -> tuple[Signal, ...]:
    words = _COMPROMISED.get(verdict.reason)
    if words is None:
        return ()
    # RISC's event has no initiating_entity.
    compromise = {"credential_type": policy.credential_type, "reason_admin": {"en": words}}
    risk = _risk(RiskLevel.HIGH, f"ATTEMPT_{verdict.reason.value.upper()}")
    risk |= _told(InitiatingEntity.SYSTEM, words)
    return (
        *_of_user(SignalType.CREDENTIAL_COMPROMISE, compromise, verdict),
        *_of_user(SignalType.RISK_LEVEL_CHANGE, risk, verdict),
    )


def _credential_change(
    decision: Decision, policy: SignalPolicy, change: ChangeType, told: Claims
) -> Signal:
    claims: dict[str, object] = {
        "credential_type": policy.credential_type,
        "change_type": change.value,
    }
    if decision.method is not None and decision.platform is not None:
        claims["friendly_name"] = _friendly_name(decision.method, decision.platform)
    return _signal(SignalType.CREDENTIAL_CHANGE, claims | dict(told), decision)


def _friendly_name(method: Method, platform: Platform) -> str:
    """What the credential is called on its device."""
    if platform is Platform.IOS:
        return "Face ID" if method is Method.FACE else "Touch ID"
    return "Face" if method is Method.FACE else "Fingerprint"


def _risk(level: RiskLevel, risk_reason: str) -> dict[str, object]:
    return {"principal": "DEVICE", "current_level": level.value, "risk_reason": risk_reason}


def _told(by: InitiatingEntity, words: str) -> dict[str, object]:
    return {"initiating_entity": by.value, "reason_admin": {"en": words}}


def _signal(
    signal_type: SignalType, claims: Claims, about: Decision, *, login_id: str | None = None
) -> Signal:
    return Signal(signal_type, claims, about.user_id, about.device_id, login_id)


def _of_user(
    signal_type: SignalType, claims: Claims, about: Verdict, *, login_id: str | None = None
) -> tuple[Signal, ...]:
    if about.user_id is None:
        return ()  # nobody whom a receiver could know
    return (Signal(signal_type, claims, about.user_id, about.device_id, login_id),)
