"""What counts as a device signature: exactly what the contract says, and nothing near it."""

import base64
import json
from collections.abc import Callable, Mapping
from string import ascii_letters
from typing import Any

import pytest
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from msgspec.structs import replace

from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE
from events.facts import AttemptFinished, EnrollmentSubmitted
from tests.unit.signed_events import (
    ATTEMPT,
    ATTEMPT_PAYLOAD,
    KEY,
    NOW_S,
    OTHER,
    PHONE,
    PRIVATE,
    attempt,
    enrollment,
    point,
    row_with,
    verified,
)


def token(payload: Mapping[str, Any] | str | bytes) -> str:
    """A JWS by the phone's key, whatever it says; made with another library than the product's."""
    text = payload if isinstance(payload, str | bytes) else json.dumps(payload)
    jws = JWS(text)
    header = json.dumps({"alg": "ES256", "typ": "biolatch-attempt+jws"})
    jws.add_signature(JWK(**PRIVATE), "ES256", protected=header)
    return str(jws.serialize(compact=True))


def test_a_signed_attempt_and_a_signed_enrollment_are_right() -> None:
    expected = VerifiedSignature(point(PHONE), NOW_S * 1000)
    assert verified(attempt()) == expected
    assert verified(enrollment(), row=UNKNOWN_DEVICE) == expected
    assert verified(attempt(device_signature=token(ATTEMPT_PAYLOAD))) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    {
        "user_id": "ben",
        "login_id": "login-2",
        "place": "protected_page",
        "outcome": "rejected",
        "key_id": "key-2",
        "bio_epoch": 2,
        "seq": 2,
        "challenge": "challenge-2",
    }.items(),
)
def test_an_attempt_that_was_signed_otherwise_is_not_signed(field: str, value: object) -> None:
    ben = replace(row_with(PHONE).users[0], user_id="ben")
    row = replace(row_with(PHONE), users=(*row_with(PHONE).users, ben))
    assert verified(attempt(**{field: value}), row=row) is None


@pytest.mark.parametrize(
    ("field", "value"),
    {
        "user_id": "ben",
        "key_id": "key-2",
        "bio_epoch": 2,
        "challenge": "challenge-2",
        "public_key": OTHER.public_key,
    }.items(),
)
def test_an_enrollment_that_was_signed_otherwise_proves_nothing(field: str, value: object) -> None:
    assert verified(enrollment(**{field: value})) is None


def test_a_signature_belongs_to_one_event_of_one_device() -> None:
    signed = attempt()
    assert verified(replace(signed, event_id="event-10")) is None
    assert verified(replace(signed, device_id="ben-android")) is None


def test_a_signature_for_one_purpose_serves_for_no_other() -> None:
    attempts, enrolls = attempt().data, enrollment().data
    assert isinstance(attempts, AttemptFinished)
    assert isinstance(enrolls, EnrollmentSubmitted)
    assert verified(attempt(device_signature=enrolls.device_signature)) is None
    assert verified(enrollment(device_signature=attempts.device_signature)) is None


@pytest.mark.parametrize("change", [None, "", "x", "a.b.c", "..", "é.é.é"])
def test_what_is_no_token_is_no_signature(change: str | None) -> None:
    assert verified(attempt(device_signature=change)) is None
    assert verified(enrollment(device_signature=change)) is None


@pytest.mark.parametrize(
    "header",
    {
        "another type": {"alg": "ES256", "typ": "JWT"},
        "no type": {"alg": "ES256"},
        "another algorithm": {"alg": "HS256", "typ": "biolatch-attempt+jws"},
        "none": {"alg": "none", "typ": "biolatch-attempt+jws"},
        "a key": {"alg": "ES256", "typ": "biolatch-attempt+jws", "jwk": OTHER.public_key},
        "a key elsewhere": {"alg": "ES256", "typ": "biolatch-attempt+jws", "jku": "https://x"},
        "a name": {"alg": "ES256", "typ": "biolatch-attempt+jws", "kid": "key-1"},
        "critical": {"alg": "ES256", "typ": "biolatch-attempt+jws", "crit": ["b64"], "b64": True},
    }.items(),
    ids=lambda item: item[0],
)
def test_another_header_is_refused(header: tuple[str, dict[str, Any]]) -> None:
    assert verified(attempt(device_signature=with_header(json.dumps(header[1])))) is None


@pytest.mark.parametrize(
    "header",
    ['{"alg":"ES256","alg":"ES256","typ":"biolatch-attempt+jws"}', '["ES256"]', "ES256", ""],
)
def test_a_header_that_two_readers_may_read_otherwise_is_refused(header: str) -> None:
    assert verified(attempt(device_signature=with_header(header))) is None


def with_header(header: str) -> str:
    """The phone's signature over a header of any kind, and the right payload."""
    segments = [encoded(header.encode()), encoded(json.dumps(ATTEMPT_PAYLOAD).encode())]
    sign: Callable[[bytes, ECKey], bytes] = JWSRegistry.algorithms["ES256"].sign
    return ".".join([*segments, encoded(sign(".".join(segments).encode(), KEY))])


def encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@pytest.mark.parametrize(
    "payload",
    {
        "more": {**ATTEMPT_PAYLOAD, "amount": 1},
        "no time": {name: value for name, value in ATTEMPT_PAYLOAD.items() if name != "iat"},
        "a time that is text": {**ATTEMPT_PAYLOAD, "iat": str(NOW_S)},
        "half a second": {**ATTEMPT_PAYLOAD, "iat": NOW_S + 0.5},
        "a whole second as a fraction": {**ATTEMPT_PAYLOAD, "iat": float(NOW_S)},
        "a time before times": {**ATTEMPT_PAYLOAD, "iat": -1},
        "true for a time": {**ATTEMPT_PAYLOAD, "iat": True},
        "true for one": {**ATTEMPT_PAYLOAD, "seq": True},
        "1.0 for one": {**ATTEMPT_PAYLOAD, "bio_epoch": 1.0},
        "text for one": {**ATTEMPT_PAYLOAD, "seq": "1"},
        "twice": json.dumps(ATTEMPT_PAYLOAD)[:-1] + ',"seq":1}',
        "a list": [ATTEMPT_PAYLOAD],
        "nothing": "",
        "not UTF-8": b"\xff",
    }.items(),
    ids=lambda item: item[0],
)
def test_another_payload_is_refused(payload: tuple[str, Any]) -> None:
    said = payload[1]
    text = json.dumps(said) if isinstance(said, list) else said
    assert verified(attempt(device_signature=token(text))) is None


def test_only_one_way_to_write_a_token_is_taken() -> None:
    data = attempt().data
    assert isinstance(data, AttemptFinished)
    right = data.device_signature or ""
    header, payload, signature = right.split(".")
    last = signature[-1]
    same_bytes = [
        signature[:-1] + other
        for other in ascii_letters
        if other != last and bytes_of(signature[:-1] + other) == bytes_of(signature)
    ]
    assert same_bytes
    others = (f"{signature}=", f"{signature}\n", f" {signature}", signature[:-2])
    for spelling in (*same_bytes, *others):
        assert verified(attempt(device_signature=f"{header}.{payload}.{spelling}")) is None
    assert verified(attempt(device_signature=right + ".")) is None
    assert verified(attempt(device_signature=right)) is not None


def bytes_of(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def test_a_token_that_is_too_long_is_not_even_read() -> None:
    padding = {"padding": "x" * 4096}
    assert verified(attempt(device_signature=token({**ATTEMPT_PAYLOAD, **padding}))) is None
    spaces = json.dumps(ATTEMPT_PAYLOAD)[:-1] + " " * 3000 + "}"
    assert verified(attempt(device_signature=token(spaces))) is None
    fewer = json.dumps(ATTEMPT_PAYLOAD)[:-1] + " " * 2000 + "}"
    assert verified(attempt(device_signature=token(fewer))) is not None


def test_ids_of_full_length_fit_into_a_token() -> None:
    device, event, user = '"' * 128, "\\" * 128, '"' * 128
    data = {**ATTEMPT, "user_id": user, "login_id": "l" * 128, "key_id": "k" * 128}
    signed = PHONE.signed_attempt(device, event, data, challenge="c" * 128, issued_s=NOW_S)
    assert len(signed["device_signature"]) < 4096
