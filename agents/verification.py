"""Verifying signatures: by one algorithm and one key, for many at once in threads.

Owns the step from a key to a function that verifies. What computes is the `cryptography` package,
which leaves the interpreter's lock alone meanwhile; whatever is done around it for each signature
is done as little as possible, for with the lock held no other thread goes on.
"""

import hmac
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Verify: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether the second is the signature of the first."""

_P256_BYTES: Final = 32
_ECDSA_SHA256: Final = ECDSA(SHA256())


class Signed(NamedTuple):
    """Something signed, to be verified.

    Attributes:
        place: whatever the asker knows it by.
        verify: the algorithm with the key.
        signing_input: what was signed.
        signature: its signature.
    """

    place: int
    verify: Verify
    signing_input: bytes
    signature: bytes


def wrong_of(some: Sequence[Signed]) -> list[int]:
    """The places of those whose signature is wrong."""
    return [
        place
        for place, verify, signing_input, signature in some
        if not verify(signing_input, signature)
    ]


def verify_es256(key: EllipticCurvePublicKey) -> Verify:
    """ES256 (RFC 7518 section 3.4): the signature is r and s, 32 bytes each."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * _P256_BYTES:
            return False
        r = int.from_bytes(signature[:_P256_BYTES])
        s = int.from_bytes(signature[_P256_BYTES:])
        try:
            key.verify(encode_dss_signature(r, s), signing_input, _ECDSA_SHA256)
        except InvalidSignature:
            return False
        return True

    return verify


def verify_eddsa(key: Ed25519PublicKey) -> Verify:
    """EdDSA with Ed25519 (RFC 8037 section 3.1)."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return verify


def verify_hs256(secret: bytes) -> Verify:
    """HS256 (RFC 7518 section 3.2); compared in a time that tells nothing."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, signing_input, "sha256"), signature)

    return verify
