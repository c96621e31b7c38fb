"""Verifying devices' signatures, for many events at once, before they are decided.

Owns what counts as a signature of an event: the form, the members, the key. What follows from one
that is missing or wrong is a rule's to say (`agents.core.admission`), not an error. A batch is
verified ahead, in threads, under the keys that are probably current when each event is decided;
where an event before it has led to another key, it is verified again then: at most twice each.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from agents.core.admission import must_sign
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState, EllipticPoint, point_of
from agents.verification import Verify, verify_es256
from agents.verification_threads import VerificationThreads
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

RowOf: TypeAlias = Callable[[Fact], DeviceState]
"""The row of an event's device as it is before the batch."""


class _Claim(NamedTuple):
    """A signature of an event that is right if it was made with the right key."""

    signing_input: bytes
    signature: bytes
    issued_ms: int


class _Signed(NamedTuple):
    """What a signature claims, and the key under which that was verified ahead."""

    claim: _Claim
    tried: EllipticPoint
    outcome: bool


class VerifiedBatch:
    """The signatures of some events, verified as far as could be known before deciding them."""

    def __init__(self, policy: Policy, signed: dict[int, _Signed]) -> None:
        """See `DeviceSignatures.verify_ahead`."""
        self._policy: Final = policy
        self._signed: Final = signed

    def signature(self, place: int, fact: Fact, state: DeviceState) -> VerifiedSignature | None:
        """The signature of the event at that place, if it is right for a device with this row.

        None where it need not be signed: then nothing was looked at.
        """
        who = _who_signs(fact, state)
        if who is None or who.point is None or not must_sign(self._policy, who.platform):
            return None
        signed = self._signed.get(place)
        # None: what was known before the batch did not show that it has to be signed.
        claim = _claim(fact) if signed is None else signed.claim
        if claim is None:
            return None
        if signed is not None and signed.tried == who.point:
            right = signed.outcome
        else:
            right = _is_right(claim, who.point)
        return VerifiedSignature(who.point, claim.issued_ms) if right else None


class _Signer(NamedTuple):
    """Whose signature an event needs: the platform and the public key, if there is one."""

    platform: Platform | None
    point: EllipticPoint | None


class DeviceSignatures:
    """Verifies the device signatures of batches under one policy."""

    def __init__(self, policy: Policy, threads: int | None = None) -> None:
        """Verify what this policy requires; for `threads` see `VerificationThreads`."""
        self._policy: Final = policy
        self._threads: Final = VerificationThreads(threads)

    def verify_ahead(self, facts: Sequence[Fact | MalformedInput], row_of: RowOf) -> VerifiedBatch:
        """Verify the events that probably have to be signed, under the probable keys.

        Args:
            facts: the events, in order; a place with an error is passed over.
            row_of: the row of an event's device.
        """
        brought: dict[tuple[str, str], _Signer] = {}
        waiting: list[tuple[int, _Claim, EllipticPoint]] = []
        for place, fact in enumerate(facts):
            if isinstance(fact, MalformedInput):
                continue
            data = fact.data
            if isinstance(data, EnrollmentSubmitted):
                who = brought[fact.device_id, data.user_id] = _brings(data)
            elif isinstance(data, AttemptFinished):
                known = brought.get((fact.device_id, data.user_id))
                who = known or _knows(row_of(fact), data.user_id)
            else:
                continue
            if who.point is None or not must_sign(self._policy, who.platform):
                continue
            claim = _claim(fact)
            if claim is not None:
                waiting.append((place, claim, who.point))
        outcomes = self._threads.outcomes(
            [partial(_is_right, claim, point) for _, claim, point in waiting]
        )
        return VerifiedBatch(
            self._policy,
            {
                place: _Signed(claim, point, outcome)
                for (place, claim, point), outcome in zip(waiting, outcomes, strict=True)
            },
        )


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


def _claim(fact: Fact) -> _Claim | None:
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


def _read(token: str, token_type: str, members: _Members) -> _Claim | None:
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
    return _Claim(header + b"." + payload, decode_base64url(signature), issued_s * 1000)


@lru_cache(maxsize=64)
def _is_header_of(header: bytes, token_type: str) -> bool:
    """Whether a JWS header says exactly what it has to say: no other key, nothing critical."""
    return read_object(decode_base64url(header)) == {"alg": ALGORITHM, "typ": token_type}


def _is_right(claim: _Claim, point: EllipticPoint) -> bool:
    try:
        return _verifier(point)(claim.signing_input, claim.signature)
    except (JoseError, ValueError):  # no point of the curve
        return False


@lru_cache(maxsize=_KEYS_REMEMBERED_MAX)
def _verifier(point: EllipticPoint) -> Verify:
    """ES256 under the key of a point; raises as `_key` does."""
    return verify_es256(_key(point).get_op_key("verify"))


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
