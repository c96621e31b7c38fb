"""Device signatures, judged with another library than the product's (docs/device-signatures.md)."""

import base64
import json
import re
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from tests.auditor.judgement import Judgement
from tests.auditor.times import SECOND

Point = tuple[str, str]

_COORDINATE = re.compile(r"[A-Za-z0-9_-]{1,64}")  # base64url
_LENGTH_MAX = 4096
_SIGNED_OF_ATTEMPTS = (
    "user_id",
    "key_id",
    "bio_epoch",
    "seq",
    "login_id",
    "place",
    "outcome",
    "challenge",
)
_SIGNED_OF_ENROLLMENTS = ("user_id", "key_id", "bio_epoch", "challenge")


def point_of(jwk: dict[str, Any] | None) -> Point | None:
    """The coordinates of an ES256 key; no other kind of key is kept."""
    if jwk is None or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        return None
    x, y = jwk.get("x"), jwk.get("y")
    if not (isinstance(x, str) and isinstance(y, str)):
        return None
    return (x, y) if _COORDINATE.fullmatch(x) and _COORDINATE.fullmatch(y) else None


def attempt_is_signed(judgement: Judgement, point: Point | None) -> bool:
    """Rule 11c: by this key, for this very event, lately, with a challenge that is new."""
    return _is_signed(judgement, point, "biolatch-attempt+jws", _SIGNED_OF_ATTEMPTS)


def enrollment_is_signed(judgement: Judgement) -> bool:
    """By the key that the enrollment brings, whose thumbprint is signed, too."""
    point = point_of(judgement.event.data.get("public_key"))
    return _is_signed(
        judgement, point, "biolatch-enrollment+jws", _SIGNED_OF_ENROLLMENTS, thumbprint=True
    )


def _is_signed(
    judgement: Judgement,
    point: Point | None,
    token_type: str,
    names: tuple[str, ...],
    *,
    thumbprint: bool = False,
) -> bool:
    event = judgement.event
    token, challenge = event.data.get("device_signature"), event.data.get("challenge")
    if point is None or not token or not challenge:
        return False
    if challenge in judgement.device.used_challenges:
        return False
    try:
        key = _key(point)
        said = _said(token, key, token_type)
    except (ValueError, JWException):
        return False
    due = {name: event.data[name] for name in names}
    due |= {"event_id": event.event_id, "device_id": event.device_id}
    if thumbprint:
        due["jkt"] = key.thumbprint()
    issued = said.pop("iat", None)
    # As JSON, true is not 1 and 1.0 is not 1.
    if json.dumps(said, sort_keys=True) != json.dumps(due, sort_keys=True):
        return False
    if type(issued) is not int or not 0 <= issued < 2**53:
        return False
    return abs(judgement.now - issued * SECOND) <= judgement.policy.signature_age_max


def _said(token: str, key: JWK, token_type: str) -> dict[str, Any]:
    """The payload, once everything about the signature is right; ValueError or JWException."""
    if len(token) > _LENGTH_MAX or not token.isascii():
        raise ValueError("no compact JWS")
    header, payload, signature = token.split(".")
    if _object(header) != {"alg": "ES256", "typ": token_type}:
        raise ValueError("another header")
    _bytes(signature)
    jws = JWS()
    jws.deserialize(token, key, alg="ES256")
    return _object(payload)


def _key(point: Point) -> JWK:
    if any(len(_bytes(coordinate)) != 32 for coordinate in point):
        raise ValueError("a coordinate has 32 bytes")
    return JWK(kty="EC", crv="P-256", x=point[0], y=point[1])


def _object(segment: str) -> dict[str, Any]:
    found = json.loads(_bytes(segment).decode(), object_pairs_hook=_members)
    if isinstance(found, dict):
        return found
    raise ValueError("no object")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def _bytes(segment: str) -> bytes:
    found = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if base64.urlsafe_b64encode(found).decode().rstrip("=") != segment:
        raise ValueError("another way to write the same bytes")
    return found
