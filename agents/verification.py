"""Verifying signatures: by one algorithm and one key, one or many.

Owns the step from a key to a function that verifies. A key is plain data, so that another process
can verify with it (`agents.verification_processes`). What computes is the `cryptography` package.
"""

import hmac
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

Verify: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether the second is the signature of the first."""

Algorithm: TypeAlias = Literal["EdDSA", "ES256", "HS256"]

_P256_BYTES: Final = 32
_ECDSA_SHA256: Final = ECDSA(SHA256())
_VERIFIERS_KEPT_MAX: Final = 10_000


class VerifyingKey(NamedTuple):
    """A key that verifies, and the only algorithm that it is used with.

    Attributes:
        algorithm: by its name in JOSE.
        material: the public key as DER (SubjectPublicKeyInfo); for HS256 the secret itself.
    """

    algorithm: Algorithm
    material: bytes


class Signed(NamedTuple):
    """Something signed, to be verified.

    Attributes:
        place: whatever the asker knows it by.
        key: verifies it.
        signing_input: what was signed.
        signature: its signature.
    """

    place: int
    key: VerifyingKey
    signing_input: bytes
    signature: bytes


def wrong_of(some: Sequence[Signed]) -> list[int]:
    """The places of those whose signature is wrong."""
    return [
        place
        for place, key, signing_input, signature in some
        if not verifier(key)(signing_input, signature)
    ]


@lru_cache(maxsize=_VERIFIERS_KEPT_MAX)
def verifier(key: VerifyingKey) -> Verify:
    """What verifies with the key.

    Raises:
        ValueError: it is no key of its algorithm.
    """
    if key.algorithm == "HS256":
        return _verify_hs256(key.material)
    public = load_der_public_key(key.material)
    match key.algorithm:
        case "ES256" if isinstance(public, EllipticCurvePublicKey):
            return _verify_es256(public)
        case "EdDSA" if isinstance(public, Ed25519PublicKey):
            return _verify_eddsa(public)
        case "ES256" | "EdDSA":
            raise ValueError(f"no key of {key.algorithm}")
        case _:
            assert_never(key.algorithm)


def _verify_es256(key: EllipticCurvePublicKey) -> Verify:
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


def _verify_eddsa(key: Ed25519PublicKey) -> Verify:
    """EdDSA with Ed25519 (RFC 8037 section 3.1)."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signing_input)
        except InvalidSignature:
            return False
        return True

    return verify


def _verify_hs256(secret: bytes) -> Verify:
    """HS256 (RFC 7518 section 3.2); compared in a time that tells nothing."""

    def verify(signing_input: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(secret, signing_input, "sha256"), signature)

    return verify
