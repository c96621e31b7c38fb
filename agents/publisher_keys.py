"""Who may publish what: the keys of publishers, what each may sign, and for how long.

Owns the file that says so: a JWK Set (RFC 7517) with, for each key, the event types and sources
that it may speak for. It holds what verifies signatures: public keys, and for HS256 the secret
itself, which then nobody but the owner may read.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, Self, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.key_file import Version, read_key_file
from agents.verification import Algorithm, VerifyingKey
from events.errors import MalformedInput, Misconfigured
from events.facts import FACT_TYPES
from schemas.strict_json import read_object

_KINDS: Final[Mapping[str, tuple[str, str | None]]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "HS256": ("oct", None),
}
_NAME_LENGTH_MAX: Final = 64
_SECRET_BYTES_MIN: Final = 32
"""RFC 7518 section 3.2: an HMAC key is at least as long as the digest."""

ANY: Final = "*"
_TYPE_NAMES: Final = frozenset(data_type.event_type for data_type in FACT_TYPES)

_Kid = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class Grant(BaseModel):
    """What a key may sign."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_types: Annotated[tuple[str, ...], Field(min_length=1)]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_sensible(self) -> Self:
        unknown = [name for name in self.event_types if name not in _TYPE_NAMES and name != ANY]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no input event; '*' stands for all")
        if self.not_before and self.not_after and self.not_before >= self.not_after:
            raise ValueError("not_before is not before not_after")
        return self

    def covers_type(self, event_type: str) -> bool:
        """Whether the key may sign events of that type."""
        return event_type in self.event_types or ANY in self.event_types

    def covers_source(self, source: str) -> bool:
        """Whether the key may speak for that source."""
        return source in self.sources or ANY in self.sources

    def is_valid_at(self, now_ms: int) -> bool:
        """Whether the key may sign what is appended at that moment (ms since 1970)."""
        begins, ends = self.not_before, self.not_after
        return (begins is None or begins.timestamp() * 1000 <= now_ms) and (
            ends is None or now_ms < ends.timestamp() * 1000
        )


class PublisherKey(NamedTuple):
    """A key that verifies.

    Attributes:
        kid: its name.
        verifying: the key itself, with the only algorithm that it is used with.
        grant: what it may sign.
    """

    kid: str
    verifying: VerifyingKey
    grant: Grant

    @property
    def algorithm(self) -> Algorithm:
        """The only one that the key is used with."""
        return self.verifying.algorithm


PublisherKeys: TypeAlias = Mapping[str, PublisherKey]
"""Keys by kid."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[dict[str, Any]]
    grants: dict[_Kid, Grant]


def read_publisher_keys(path: Path) -> tuple[PublisherKeys, Version]:
    """The keys of a file, and which file that was.

    Raises:
        Misconfigured: the file is missing, is no such file, or is open to others. The message
            names members and kids, and never what is in a key.
    """
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    keys = parse_publisher_keys(path, file.content)
    if file.is_anybodys:
        raise _unusable(path, "can be changed by everybody; run `chmod o-w` on it")
    if file.is_exposed and any(key.algorithm == "HS256" for key in keys.values()):
        raise _unusable(path, "holds a secret and can be read by others; run `chmod 600` on it")
    return keys, file.version


def parse_publisher_keys(path: Path, content: bytes) -> PublisherKeys:
    """The keys that a file of this content holds.

    Args:
        path: of that file, for messages.
        content: a JSON document.

    Raises:
        Misconfigured: it is no such file; the message as in `read_publisher_keys`.
    """
    try:
        file = _File.model_validate(read_object(content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # A name may hold anything, and is no name that a member has.
        where = ".".join(ascii(str(part))[1:-1][:_NAME_LENGTH_MAX] for part in first["loc"])
        raise _unusable(path, f"{where}: {first['msg'].removeprefix('Value error, ')}") from None
    except MalformedInput as error:
        raise _unusable(path, f"is no file of keys: {error}") from None
    keys = [_key(path, jwk, file.grants) for jwk in file.keys]
    by_kid = {key.kid: key for key in keys}
    if len(by_kid) != len(keys):
        raise _unusable(path, "two keys have one kid")
    if without := sorted(file.grants.keys() - by_kid.keys()):
        raise _unusable(path, f"grants.{without[0]}: there is no key of that kid")
    return by_kid


def _key(path: Path, jwk: dict[str, Any], grants: Mapping[str, Grant]) -> PublisherKey:
    kid, algorithm = jwk.get("kid"), jwk.get("alg")
    if not isinstance(kid, str):
        raise _unusable(path, "a key has no kid; every key needs one, and a grant")
    if kid not in grants:
        raise _unusable(path, f"the key with kid {kid[:_NAME_LENGTH_MAX]!a} has no grant")
    if algorithm not in ("EdDSA", "ES256", "HS256"):
        raise _unusable(path, f"key {kid}: alg has to be EdDSA, ES256 or HS256")
    kind, curve = _KINDS[algorithm]
    if jwk.get("kty") != kind or (curve is not None and jwk.get("crv") != curve):
        raise _unusable(path, f"key {kid}: {algorithm} needs a key of kind {curve or kind}")
    if "d" in jwk:
        raise _unusable(path, f"key {kid}: it is private, and belongs to its publisher only")
    if jwk.get("use", "sig") != "sig":
        raise _unusable(path, f"key {kid}: use is not sig")
    try:
        with warnings.catch_warnings():  # of short secrets, which are refused below
            warnings.simplefilter("ignore", SecurityWarning)
            material = _material(JWKRegistry.import_key(jwk).get_op_key("verify"))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        # Its message might say what is in the key.
        fault = type(error).__name__
        raise _unusable(path, f"key {kid}: is no such key ({fault})") from None
    if material is None:
        raise _unusable(path, f"key {kid}: a secret has at least {_SECRET_BYTES_MIN} bytes")
    return PublisherKey(kid, VerifyingKey(algorithm, material), grants[kid])


def _material(key: object) -> bytes | None:
    """What a `VerifyingKey` holds of a key whose kind was compared; None for a short secret."""
    match key:
        case EllipticCurvePublicKey() | Ed25519PublicKey():
            return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case bytes() if len(key) >= _SECRET_BYTES_MIN:
            return key
        case _:
            return None


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("signatures.keys-file", f"{path}: {why}")
