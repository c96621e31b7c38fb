"""Fuzz target of devices' signatures: what stands in `device_signature` of an event."""

import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from joserfc.jwk import ECKey

from agents.core.policy import Policy
from agents.core.state import DeviceState, EllipticPoint, User
from agents.device_signatures import DeviceSignatures
from events.facts import AttemptFinished, EnrollmentSubmitted, Fact, PublicKey
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    Method,
    OsBiometrics,
    Place,
    Platform,
    Status,
)
from schemas.device_signatures import (
    ALGORITHM,
    ATTEMPT_FIELDS,
    ATTEMPT_TYPE,
    DEVICE_ID,
    ENROLLMENT_FIELDS,
    ENROLLMENT_TYPE,
    EVENT_ID,
    ISSUED_AT,
    THUMBPRINT,
)
from tests.fuzz.signing_keys import device_key, public_point
from tests.unit.signed_events import tried
from tests.unit.sound_records import NOW_MS

_POLICY: Final = Policy(version="signed", device_signatures="required")
_X, _Y = public_point()
_POINT: Final = EllipticPoint(x=_X, y=_Y)
_KEY: Final = PublicKey(kty="EC", crv="P-256", x=_X, y=_Y)
_ROW: Final = DeviceState(
    bio_epoch=1,
    users=(
        User(
            user_id="user-1",
            status=Status.ENABLED,
            since_ms=1,
            platform=Platform.IOS,
            key_id="key-1",
            public_key=_POINT,
        ),
    ),
)


@cache
def _signatures() -> DeviceSignatures:
    return DeviceSignatures(_POLICY)


def device_signatures(data: bytes) -> None:
    """A signature is right only if a cryptographic library says so and it speaks of this event."""
    token = data.decode("utf-8", "replace")
    facts = [_attempt(token), _enrollment(token)]
    for fact, members in zip(facts, _members(facts), strict=True):
        verified = _signatures().signature(fact, _ROW, None)
        assert verified == _signatures().signature(fact, _ROW, tried(_signatures(), fact, _ROW))
        if verified is not None:
            said = _verified_payload(token)
            assert verified.issued_ms == said.pop(ISSUED_AT) * 1000
            assert verified.point == _POINT
            assert said == members


def _attempt(token: str) -> Fact:
    return _fact(
        AttemptFinished(
            user_id="user-1",
            login_id="login-1",
            place=Place.SIGN_IN,
            outcome=AttemptOutcome.MATCHED,
            key_id="key-1",
            bio_epoch=1,
            seq=1,
            challenge="challenge-1",
            device_signature=token,
        )
    )


def _enrollment(token: str) -> Fact:
    return _fact(
        EnrollmentSubmitted(
            user_id="user-1",
            channel=Channel.SETTINGS,
            method=Method.FACE,
            platform=Platform.IOS,
            key_id="key-1",
            bio_epoch=1,
            os_biometrics=OsBiometrics.READY,
            password_verified_at=NOW_MS,
            public_key=_KEY,
            challenge="challenge-1",
            device_signature=token,
        )
    )


def _fact(data: AttemptFinished | EnrollmentSubmitted) -> Fact:
    return Fact("event-1", "/backend", "phone-1", NOW_MS, NOW_MS, 7, data)


def _members(facts: list[Fact]) -> Iterator[dict[str, Any]]:
    thumbprint = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": _X, "y": _Y}).thumbprint()
    for fact in facts:
        told = msgspec.to_builtins(fact.data)
        always = {EVENT_ID: fact.event_id, DEVICE_ID: fact.device_id}
        if isinstance(fact.data, AttemptFinished):
            yield always | {name: told[name] for name in ATTEMPT_FIELDS}
        else:
            proof = {THUMBPRINT: thumbprint}
            yield always | {name: told[name] for name in ENROLLMENT_FIELDS} | proof


def _verified_payload(token: str) -> dict[str, Any]:
    """What a token says, if its signature is right."""
    header, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    assert len(raw) == 64
    numbers = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    try:
        device_key().public_key().verify(
            encode_dss_signature(*numbers),
            f"{header}.{payload}".encode(),
            ec.ECDSA(hashes.SHA256()),
        )
    except InvalidSignature as error:
        raise AssertionError(token) from error
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return said


def tokens() -> Iterator[bytes]:
    """Right ones of both kinds, and some that say or leave out a little."""
    facts = [_attempt(""), _enrollment("")]
    for token_type, members in zip((ATTEMPT_TYPE, ENROLLMENT_TYPE), _members(facts), strict=True):
        header: dict[str, Any] = {"alg": ALGORITHM, "typ": token_type}
        payload: dict[str, Any] = {**members, ISSUED_AT: NOW_MS // 1000}
        yield _token(header, payload)
        yield _token({**header, "alg": "none"}, payload)
        yield _token({**header, "jwk": {"kty": "EC"}}, payload)
        yield _token({**header, "crit": ["b64"], "b64": False}, payload)
        for name in payload:
            yield _token(header, {**payload, name: True})
            yield _token(header, {**payload, name: -1})
            yield _token(header, {key: value for key, value in payload.items() if key != name})
        yield _token(header, {**payload, "more": "x"})


def _token(header: dict[str, Any], payload: dict[str, Any]) -> bytes:
    signed = b".".join(_text(json.dumps(part).encode()) for part in (header, payload))
    numbers = decode_dss_signature(device_key().sign(signed, ec.ECDSA(hashes.SHA256())))
    return signed + b"." + _text(b"".join(number.to_bytes(32, "big") for number in numbers))


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
