"""Tokens: the profile of the framework, repeats, transactions and subjects."""

import json

import pytest

from events.decisions import Disabled
from events.verdicts import Accepted
from events.vocabulary import DisabledReason
from schemas.output_records import OutputEvent
from schemas.security_event_tokens import Addressee, signal_claims, verification_claims
from schemas.signal_types import SubjectFormat
from schemas.signals import Output, SignalPolicy, signals_of
from tests.unit.test_signals import EVERYTHING, SIGN_IN, VERDICT, decision


def addressee(subject_format: SubjectFormat, stream_id: str = "5eed") -> Addressee:
    return Addressee(
        issuer="https://signals.example",
        audience="receiver-1",
        stream_id=stream_id,
        subject_issuer="https://login.example",
        subject_format=subject_format,
    )


def claims_of(output: Output, to: Addressee, event_id: str = "e/0/7/1") -> list[dict[str, object]]:
    event = OutputEvent(event_id, 1_790_000_001_500, output)
    return [signal_claims(each, event, to) for each in signals_of(output, SignalPolicy())]


CHANGED = decision(Disabled, reason=DisabledReason.BIOMETRICS_CHANGED)


def test_tokens_of_one_decision_share_a_transaction_and_nothing_else_does() -> None:
    tokens = claims_of(CHANGED, addressee(SubjectFormat.ISS_SUB))
    assert len({each["jti"] for each in tokens}) == 3
    assert len({each["txn"] for each in tokens}) == 1
    [other, *_] = claims_of(CHANGED, addressee(SubjectFormat.ISS_SUB), "e/0/7/2")
    assert other["txn"] != tokens[0]["txn"]


def test_a_repeat_is_the_same_token_and_another_stream_s_is_another() -> None:
    once, again, elsewhere = (
        claims_of(CHANGED, addressee(SubjectFormat.ISS_SUB, stream_id))
        for stream_id in ("5eed", "5eed", "cafe")
    )
    assert once == again
    assert {str(each["jti"]) for each in once}.isdisjoint(str(each["jti"]) for each in elsewhere)


@pytest.mark.parametrize("output", EVERYTHING)
@pytest.mark.parametrize("subject_format", SubjectFormat)
def test_a_token_is_as_the_profile_of_the_framework_demands(
    output: Output, subject_format: SubjectFormat
) -> None:
    for claims in claims_of(output, addressee(subject_format)):
        assert claims.keys() == {"iss", "aud", "iat", "jti", "txn", "sub_id", "events"}
        [event] = claims["events"].values()  # type: ignore[attr-defined]
        assert event["event_timestamp"] == claims["iat"] == 1_790_000_001
        json.dumps(claims)


def test_a_subject_is_a_user_or_a_user_on_a_device_in_a_session() -> None:
    user = {"format": "iss_sub", "iss": "https://login.example", "sub": "ada"}
    device = {"format": "opaque", "id": "phone-1"}
    [simple, *_] = claims_of(CHANGED, addressee(SubjectFormat.ISS_SUB))
    assert simple["sub_id"] == user
    _, revoked, _ = claims_of(CHANGED, addressee(SubjectFormat.COMPLEX))
    # No session: it is every session of that user on that device.
    assert revoked["sub_id"] == {"format": "complex", "user": user, "device": device}
    login = Accepted(**(VERDICT | SIGN_IN))  # type: ignore[arg-type]
    [established] = claims_of(login, addressee(SubjectFormat.COMPLEX))
    session = {"format": "opaque", "id": "login-7"}
    assert established["sub_id"] == {
        "format": "complex",
        "user": user,
        "device": device,
        "session": session,
    }


@pytest.mark.parametrize("state", [None, "VGhpcyBpcyBhbg"])
def test_a_verification_is_about_the_stream_and_echoes_the_state(state: str | None) -> None:
    claims = verification_claims("v-1", state, 1_790_000_000_000, addressee(SubjectFormat.COMPLEX))
    assert claims["sub_id"] == {"format": "opaque", "id": "5eed"}
    uri = "https://schemas.openid.net/secevent/ssf/event-type/verification"
    assert claims["events"] == {uri: {} if state is None else {"state": state}}
