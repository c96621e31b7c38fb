"""Keys of publishers for fuzzing: always the same, so that a kept signature stays right.

Made from fixed numbers and worth nothing. The file lies in the machine's temporary folder.
"""

import base64
import hmac
import json
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.jwk import JWKRegistry

from deploy.event_signer import EventSigner

_NUMBER: Final = sha256(b"a key for fuzzing").digest()
_ED25519: Final = ed25519.Ed25519PrivateKey.from_private_bytes(_NUMBER)
_P256: Final = ec.derive_private_key(int.from_bytes(_NUMBER[:31], "big"), ec.SECP256R1())

KIDS: Final = {"ed": "EdDSA", "es": "ES256", "hs": "HS256"}
"""Name and algorithm of each key."""


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def device_key() -> ec.EllipticCurvePrivateKey:
    """A phone's key."""
    return _P256


def public_point() -> tuple[str, str]:
    """The coordinates of its public part, as a JWK writes them."""
    jwk = _private()["es"]
    return jwk["x"], jwk["y"]


def _private() -> dict[str, dict[str, Any]]:
    point = _P256.public_key().public_numbers()
    return {
        "ed": {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _text(_ED25519.public_key().public_bytes_raw()),
            "d": _text(_NUMBER),
        },
        "es": {
            "kty": "EC",
            "crv": "P-256",
            "x": _text(point.x.to_bytes(32, "big")),
            "y": _text(point.y.to_bytes(32, "big")),
            "d": _text(_P256.private_numbers().private_value.to_bytes(32, "big")),
        },
        "hs": {"kty": "oct", "k": _text(_NUMBER)},
    }


def keys_file() -> bytes:
    """A file of publishers' keys, as its owner writes it."""
    keys = [
        {
            **{name: value for name, value in jwk.items() if name != "d"},
            "kid": kid,
            "alg": KIDS[kid],
        }
        for kid, jwk in _private().items()
    ]
    grants = {kid: {"event_types": ["*"], "sources": ["/backend"]} for kid in KIDS}
    grants["ed"]["not_after"] = "2100-01-01T00:00:00Z"  # type: ignore[assignment]
    return json.dumps({"keys": keys, "grants": grants}).encode()


@cache
def keys_path() -> Path:
    """Where that file is, readable by its owner only."""
    path = Path(tempfile.mkdtemp(prefix="biolatch-fuzz-"), "publisher-keys.json")
    path.touch(mode=0o600)
    path.write_bytes(keys_file())
    return path


def signer(kid: str) -> EventSigner:
    """Signs with one of the keys."""
    return EventSigner(kid, KIDS[kid], JWKRegistry.import_key(_private()[kid]))


def is_right(kid: str, signed: bytes, signature: bytes) -> bool:
    """Whether a signature is right, asked of the cryptographic library itself."""
    match KIDS[kid]:
        case "EdDSA":
            try:
                _ED25519.public_key().verify(signature, signed)
            except InvalidSignature:
                return False
            return True
        case "ES256":
            half = len(signature) // 2
            numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            try:
                _P256.public_key().verify(
                    encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256())
                )
            except InvalidSignature:
                return False
            return len(signature) == 64
        case _:
            return hmac.compare_digest(hmac.digest(_NUMBER, signed, "sha256"), signature)
