"""Devices' signatures: what one claims of its event, and whether it is right.

Owns what counts as a signature of an event: the form, the members, the key. What follows from one
that is missing or wrong is a rule's to say (`agents.core.admission`), not an error. Signatures are
tried ahead, under the keys that are probably current when their events are decided; where an event
in between has led to another key, one is tried again then: at most twice each.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from agents.core.admission import must_sign
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState, EllipticPoint, point_of
from agents.verification import VerifyingKey, verifier
from events.errors import MalformedInput
from events.facts import AttemptFinished, EnrollmentSubmitted, Fact
from events.vocabulary import COUNT_MAX, Platform
from schemas.base64url import decode_base64url
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
    TOKEN_LENGTH_MAX,
)
from schemas.strict_json import read_object

_COORDINATE_BYTES: Final = 32
_KEYS_REMEMBERED_MAX: Final = 10_000
_TOKEN_PARTS: Final = 3

_Members: TypeAlias = dict[str, str | int]

RowOf: TypeAlias = Callable[[str], DeviceState]
"""The row of a device as it is before the events."""


class DeviceClaim(NamedTuple):
    """A signature of an event that is right if it was made with the right key."""

    signing_input: bytes
    signature: bytes
    issued_ms: int


class Trial(NamedTuple):
    """A signature to be tried under the key that is probably the right one.

    Attributes:
        place: of the event.
        claim: what the signature claims.
        point: the key as it is written.
        key: the key.
    """

    place: int
    claim: DeviceClaim
    point: EllipticPoint
    key: VerifyingKey


class TriedSignature(NamedTuple):
    """What a signature claims, and what came of trying it under a key."""

    claim: DeviceClaim
    point: EllipticPoint
    is_right: bool


class _Signer(NamedTuple):
    """Whose signature an event needs: the platform and the public key, if there is one."""

    platform: Platform | None
    point: EllipticPoint | None


class DeviceSignatures:
    """Looks at the device signatures of events under one policy."""

    def __init__(self, policy: Policy) -> None:
        """Look at what this policy requires."""
        self._policy: Final = policy

    def trials(self, facts: Sequence[Fact | MalformedInput], row_of: RowOf) -> list[Trial]:
        """What is to be tried: events that probably have to be signed, with the probable keys.

        Args:
            facts: the events, in order; a place with an error is passed over.
            row_of: the row of a device.
        """
        brought: dict[tuple[str, str], _Signer] = {}
        trials: list[Trial] = []
        for place, fact in enumerate(facts):
            if isinstance(fact, MalformedInput):
                continue
            data = fact.data
            if isinstance(data, EnrollmentSubmitted):
                who = brought[fact.device_id, data.user_id] = _brings(data)
            elif isinstance(data, AttemptFinished):
                known = brought.get((fact.device_id, data.user_id))
                who = known or _knows(row_of(fact.device_id), data.user_id)
            else:
                continue
            if who.point is None or not must_sign(self._policy, who.platform):
                continue
            claim = _claim(fact)
            key = None if claim is None else _verifying(who.point)
            if claim is not None and key is not None:
                trials.append(Trial(place, claim, who.point, key))
        return trials

    def signature(
        self, fact: Fact, state: DeviceState, tried: TriedSignature | None
    ) -> VerifiedSignature | None:
        """The signature of the event, if it is right for a device with this row.

        None where it need not be signed: then nothing was looked at.

        Args:
            fact: the event.
            state: the row of its device when it is decided.
            tried: what was found out ahead; None where it did not show that it has to be signed.
        """
        who = _who_signs(fact, state)
        if who is None or who.point is None or not must_sign(self._policy, who.platform):
            return None
        claim = _claim(fact) if tried is None else tried.claim
        if claim is None:
            return None
        if tried is not None and tried.point == who.point:
            is_right = tried.is_right
        else:
            is_right = _is_right(claim, who.point)
        return VerifiedSignature(who.point, claim.issued_ms) if is_right else None


def _who_signs(fact: Fact, state: DeviceState) -> _Signer | None:
    """Whose signature the event needs on a device with this row; None: nobody's."""
    data = fact.data
    if isinstance(data, EnrollmentSubmitted):
        return _brings(data)
    return _knows(state, data.user_id) if isinstance(data, AttemptFinished) else None


def _brings(data: EnrollmentSubmitted) -> _Signer:
    return _Signer(data.platform, point_of(data.public_key))


def _knows(state: DeviceState, user_id: str) -> _Signer:
    user = None if state is UNKNOWN_DEVICE else state.user(user_id)
    return _Signer(None, None) if user is None else _Signer(user.platform, user.public_key)


def _claim(fact: Fact) -> DeviceClaim | None:
    """The event's signature, if its form is right and all its members are those of the event."""
    data = fact.data
    try:
        match data:
            case AttemptFinished(device_signature=str(token), challenge=str()):
                return _read(token, ATTEMPT_TYPE, _members(fact, ATTEMPT_FIELDS))
            case EnrollmentSubmitted(device_signature=str(token), challenge=str()):
                point = point_of(data.public_key)
                if point is None:
                    return None
                members = _members(fact, ENROLLMENT_FIELDS)
                members[THUMBPRINT] = _key(point).thumbprint()
                return _read(token, ENROLLMENT_TYPE, members)
            case _:
                return None
    except (MalformedInput, JoseError, ValueError):
        return None


def _members(fact: Fact, fields: Sequence[str]) -> _Members:
    """What a signature of the event has to say, but for the time."""
    members: _Members = {EVENT_ID: fact.event_id, DEVICE_ID: fact.device_id}
    for name in fields:
        value: str | int = getattr(fact.data, name)
        members[name] = str(value) if isinstance(value, str) else value  # a word's plain text
    return members


def _read(token: str, token_type: str, members: _Members) -> DeviceClaim | None:
    """What a token claims, if it says these things.

    Raises:
        MalformedInput: header or payload is no JSON object.
        ValueError: the token is not ASCII, or not base64url.
    """
    parts = token.encode("ascii").split(b".") if len(token) <= TOKEN_LENGTH_MAX else []
    if len(parts) != _TOKEN_PARTS:
        return None
    header, payload, signature = parts
    if not _is_header_of(header, token_type):
        return None
    said = read_object(decode_base64url(payload))
    issued_s = said.pop(ISSUED_AT, None)
    if type(issued_s) is not int or not 0 <= issued_s <= COUNT_MAX:
        return None
    # True is an int to Python and 1.0 equals 1: neither was signed for a 1.
    if said != members or any(type(said[name]) is not type(members[name]) for name in members):
        return None
    return DeviceClaim(header + b"." + payload, decode_base64url(signature), issued_s * 1000)


@lru_cache(maxsize=64)
def _is_header_of(header: bytes, token_type: str) -> bool:
    """Whether a JWS header says exactly what it has to say: no other key, nothing critical."""
    return read_object(decode_base64url(header)) == {"alg": ALGORITHM, "typ": token_type}


def _is_right(claim: DeviceClaim, point: EllipticPoint) -> bool:
    key = _verifying(point)
    return key is not None and verifier(key)(claim.signing_input, claim.signature)


@lru_cache(maxsize=_KEYS_REMEMBERED_MAX)
def _verifying(point: EllipticPoint) -> VerifyingKey | None:
    """The key of a point; None if it is no point of the curve."""
    try:
        public = _key(point).get_op_key("verify")
    except (JoseError, ValueError):
        return None
    return VerifyingKey(
        "ES256", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


@lru_cache(maxsize=_KEYS_REMEMBERED_MAX)
def _key(point: EllipticPoint) -> ECKey:
    """The key of a point as it is written, in the one form that writes it.

    Raises:
        ValueError: it is no point of the curve, or written otherwise.
    """
    for coordinate in (point.x, point.y):
        if len(decode_base64url(coordinate.encode("ascii"))) != _COORDINATE_BYTES:
            raise ValueError("not 32 bytes")
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": point.x, "y": point.y})
