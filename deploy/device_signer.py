"""Signing attempts and enrollments as a phone does, for tests, demonstrations and load.

A real phone keeps its key in secure hardware that a face or a finger unlocks; this one keeps it in
memory. What it writes is the contract of docs/device-signatures.md.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from joserfc.jwk import ECKey
from joserfc.jws import serialize_compact

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

Data = Mapping[str, Any]
"""The data of an event, as it is published."""


class DeviceSigner:
    """Signs with the key that was made for one enabling."""

    def __init__(self, private_jwk: Mapping[str, str] | None = None) -> None:
        """Sign with this P-256 key; with a new one if none is given."""
        self._key: Final[ECKey] = (
            ECKey.generate_key("P-256")
            if private_jwk is None
            else ECKey.import_key({**private_jwk})
        )

    @property
    def public_key(self) -> dict[str, str]:
        """The public key as a JWK, for field `public_key` of an enrollment."""
        jwk = self._key.as_dict(private=False)
        return {name: str(jwk[name]) for name in ("kty", "crv", "x", "y")}

    def signed_enrollment(
        self, device_id: str, event_id: str, data: Data, *, challenge: str, issued_s: int
    ) -> dict[str, Any]:
        """The data with the public key, the challenge, and the proof that the key is there.

        Args:
            device_id: the event's subject.
            event_id: the event's id.
            data: the enrollment without these.
            challenge: what the backend gave out for this enabling.
            issued_s: the phone's time, in seconds since 1970.
        """
        told = {**data, "public_key": self.public_key, "challenge": challenge}
        members = _members(device_id, event_id, told, ENROLLMENT_FIELDS)
        members |= {THUMBPRINT: self._key.thumbprint(), ISSUED_AT: issued_s}
        return {**told, "device_signature": self.token(ENROLLMENT_TYPE, members)}

    def signed_attempt(
        self, device_id: str, event_id: str, data: Data, *, challenge: str, issued_s: int
    ) -> dict[str, Any]:
        """The data with the challenge and the signature; arguments as for an enrollment."""
        told = {**data, "challenge": challenge}
        members = _members(device_id, event_id, told, ATTEMPT_FIELDS) | {ISSUED_AT: issued_s}
        return {**told, "device_signature": self.token(ATTEMPT_TYPE, members)}

    def token(self, token_type: str, members: Mapping[str, object]) -> str:
        """A compact JWS of that type over these members, whatever they are."""
        header = {"alg": ALGORITHM, "typ": token_type}
        payload = json.dumps(members, separators=(",", ":"))
        return serialize_compact(header, payload, self._key, [ALGORITHM])


def _members(device_id: str, event_id: str, data: Data, fields: Sequence[str]) -> dict[str, object]:
    return {EVENT_ID: event_id, DEVICE_ID: device_id, **{name: data[name] for name in fields}}
