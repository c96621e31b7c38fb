"""What follows from what, written down a second time: the table of how-to/shared-signals.md."""

from collections.abc import Mapping
from itertools import product

import pytest

from events import facts
from events.decisions import (
    DECISION_TYPES,
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
from events.verdicts import (
    VERDICT_TYPES,
    Accepted,
    Applied,
    Cause,
    Failed,
    NotCounted,
    Noted,
    Refused,
)
from events.vocabulary import (
    Channel,
    DisabledReason,
    FallbackReason,
    Guidance,
    Method,
    Place,
    Platform,
    RearmedReason,
    RefusedReason,
)
from schemas.signals import Output, SignalPolicy, signals_of

CAUSE = Cause("biolatch.attempt.finished.v1", "/app")
DECISION = {
    "device_id": "phone-1",
    "user_id": "ada",
    "policy_version": "1",
    "occurred_at": "2026-09-21T12:00:00.000Z",
    "cause": CAUSE,
    "guidance": Guidance.NONE,
    "bio_epoch": 3,
    "method": Method.FACE,
    "platform": Platform.IOS,
}
VERDICT = {name: value for name, value in DECISION.items() if name != "bio_epoch"}
ON = {"channel": Channel.SETTINGS}
RISKY = ["credential-change", "session-revoked", "risk-level-change"]
LOGIN = {"login_id": "login-7"}
PAGE = {"place": Place.PROTECTED_PAGE} | LOGIN
SIGN_IN = {"place": Place.SIGN_IN} | LOGIN


def decision(kind: type[Decision], **data: object) -> Decision:
    return kind(**(DECISION | data))  # type: ignore[arg-type]


def by_name(output: Output, policy: SignalPolicy | None = None) -> dict[str, Mapping[str, object]]:
    """The claims of what is told, by the event's short name."""
    told = signals_of(output, policy or SignalPolicy())
    assert len({each.type for each in told}) == len(told), "jti is made of the type"
    return {each.type.short_name: each.claims for each in told}


CREDENTIAL_CHANGES = [
    (decision(Enabled, **ON), "create", "user"),
    (decision(ReEnabled, previous_reason=DisabledReason.ADMIN, **ON), "create", "user"),
    (decision(Disabled, reason=DisabledReason.USER_REQUEST), "delete", "user"),
    (decision(Disabled, reason=DisabledReason.BIOMETRICS_CHANGED), "revoke", "system"),
    (decision(Disabled, reason=DisabledReason.OS_BIOMETRICS_REMOVED), "revoke", "system"),
    (decision(Disabled, reason=DisabledReason.FAILURE_LIMIT), "revoke", "policy"),
    (decision(Disabled, reason=DisabledReason.ADMIN, reason_admin="lost"), "revoke", "admin"),
    (decision(Rebaselined), "update", "system"),
]


@pytest.mark.parametrize(("output", "change", "by"), CREDENTIAL_CHANGES)
def test_what_becomes_of_a_credential_and_by_whom(output: Output, change: str, by: str) -> None:
    claims = by_name(output)["credential-change"]
    assert claims["credential_type"] == "app"
    assert (claims["change_type"], claims["initiating_entity"]) == (change, by)
    assert claims["friendly_name"] == "Face ID"


ALL_DECISIONS = [
    (decision(Enabled, **ON), ["credential-change"]),
    (decision(ReEnabled, previous_reason=DisabledReason.ADMIN, **ON), ["credential-change"]),
    (decision(Disabled, reason=DisabledReason.USER_REQUEST), ["credential-change"]),
    (decision(Disabled, reason=DisabledReason.ADMIN), ["credential-change"]),
    (decision(Disabled, reason=DisabledReason.BIOMETRICS_CHANGED), RISKY),
    (decision(Disabled, reason=DisabledReason.OS_BIOMETRICS_REMOVED), ["credential-change"]),
    (decision(Disabled, reason=DisabledReason.FAILURE_LIMIT), ["credential-change"]),
    (decision(Disabled, reason=DisabledReason.ERASED), []),
    *((decision(Rearmed, reason=reason), []) for reason in RearmedReason),
    *(
        (decision(ReEnableRequired, reason=reason), ["account-credential-change-required"])
        for reason in DisabledReason
    ),
    (decision(RefreshAdvised), []),
    (decision(Rebaselined), ["credential-change"]),
    *((decision(FallbackRequired, reason=each, **SIGN_IN), []) for each in FallbackReason),
    *(
        (decision(FallbackRequired, reason=each, **PAGE), ["assurance-level-change"])
        for each in FallbackReason
    ),
]


@pytest.mark.parametrize(("output", "names"), ALL_DECISIONS)
def test_what_follows_from_a_decision(output: Output, names: list[str]) -> None:
    assert list(by_name(output)) == names


def test_the_table_forgets_no_decision_and_no_reason() -> None:
    covered = {type(output) for output, _ in ALL_DECISIONS}
    assert covered == set(DECISION_TYPES)
    disabled = {each.reason for each, _ in ALL_DECISIONS if isinstance(each, Disabled)}
    assert disabled == set(DisabledReason)


VERDICTS: list[tuple[Output, list[str]]] = [
    (Accepted(**(VERDICT | SIGN_IN)), ["session-established"]),  # type: ignore[arg-type]
    (Accepted(**(VERDICT | PAGE)), ["session-presented"]),  # type: ignore[arg-type]
    (Failed(**VERDICT, attempts_left=3), []),  # type: ignore[arg-type]
    (NotCounted(**VERDICT), []),  # type: ignore[arg-type]
    (Applied(**VERDICT), []),  # type: ignore[arg-type]
    (Noted(**VERDICT), []),  # type: ignore[arg-type]
    *(
        (
            Refused(**VERDICT, reason=reason),  # type: ignore[arg-type]
            ["credential-compromise", "risk-level-change"]
            if reason in (RefusedReason.REPLAYED, RefusedReason.SIGNATURE_INVALID)
            else [],
        )
        for reason in RefusedReason
    ),
]


@pytest.mark.parametrize(("output", "names"), VERDICTS)
def test_what_follows_from_a_verdict(output: Output, names: list[str]) -> None:
    assert list(by_name(output)) == names


def test_the_table_forgets_no_verdict() -> None:
    assert {type(output) for output, _ in VERDICTS} == set(VERDICT_TYPES)


def test_a_verdict_about_nobody_tells_nobody_anything() -> None:
    data = {name: value for name, value in VERDICT.items() if name != "user_id"}
    assert not by_name(Refused(**data, reason=RefusedReason.REPLAYED))  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "amr"), [(Method.FACE, "face"), (Method.FINGERPRINT, "fpt")])
def test_a_biometric_login_says_how_it_was_done(method: Method, amr: str) -> None:
    output = Accepted(**(VERDICT | SIGN_IN | {"method": method}))  # type: ignore[arg-type]
    assert by_name(output)["session-established"]["amr"] == [amr, "hwk", "user"]


@pytest.mark.parametrize("kind", [Applied, Noted])
def test_a_login_with_the_password_is_a_session_too(kind: type[Applied | Noted]) -> None:
    cause = Cause(facts.PasswordAccepted.event_type, "/app")
    told = by_name(kind(**(VERDICT | SIGN_IN | {"cause": cause})))  # type: ignore[arg-type]
    assert told["session-established"]["amr"] == ["pwd", "user"]
    assert not by_name(kind(**(VERDICT | PAGE | {"cause": cause})))  # type: ignore[arg-type]


def test_a_fallback_lowers_the_assurance_of_a_session_that_is_there() -> None:
    output = decision(FallbackRequired, reason=FallbackReason.DEVICE_LOCKED, **PAGE)
    claims = by_name(output)["assurance-level-change"]
    assert claims["namespace"] == "NIST-AAL"
    assert (claims["previous_level"], claims["current_level"]) == ("nist-aal2", "nist-aal1")
    assert claims["change_direction"] == "decrease"


@pytest.mark.parametrize("reason", [r for r in DisabledReason if r != DisabledReason.ERASED])
def test_which_disables_revoke_sessions_is_agreed(reason: DisabledReason) -> None:
    output = decision(Disabled, reason=reason)
    for agreed in (frozenset[DisabledReason](), frozenset({reason})):
        told = by_name(output, SignalPolicy(session_revoked_for=agreed))
        assert ("session-revoked" in told) == bool(agreed)


def test_risk_is_told_of_the_device_and_how_high() -> None:
    changed = by_name(decision(Disabled, reason=DisabledReason.BIOMETRICS_CHANGED))
    replayed = by_name(Refused(**VERDICT, reason=RefusedReason.REPLAYED))  # type: ignore[arg-type]
    for told, level in ((changed, "MEDIUM"), (replayed, "HIGH")):
        claims = told["risk-level-change"]
        assert (claims["principal"], claims["current_level"]) == ("DEVICE", level)
        assert claims["risk_reason"]


@pytest.mark.parametrize(("platform", "method"), [*product(Platform, Method)], ids=str)
def test_a_credential_has_the_name_that_its_device_gives_it(
    platform: Platform, method: Method
) -> None:
    output = decision(Enabled, platform=platform, method=method, **ON)
    name = by_name(output)["credential-change"]["friendly_name"]
    ios = {Method.FACE: "Face ID", Method.FINGERPRINT: "Touch ID"}
    elsewhere = {Method.FACE: "Face", Method.FINGERPRINT: "Fingerprint"}
    assert name == (ios if platform is Platform.IOS else elsewhere)[method]


EVERYTHING = [output for output, _ in (*ALL_DECISIONS, *VERDICTS)]


@pytest.mark.parametrize("output", EVERYTHING)
def test_administrators_always_get_a_reason_and_end_users_none_of_us(output: Output) -> None:
    for name, claims in by_name(output).items():
        if name == "account-credential-change-required":
            assert claims == {}
            continue
        reason = claims["reason_admin"]
        assert isinstance(reason, dict)
        assert reason["en"]
        assert "reason_user" not in claims
