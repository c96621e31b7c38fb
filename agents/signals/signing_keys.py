"""The keys that sign security event tokens: the one that signs, the next one, those that have.

Owns the file (a JWK Set of private RSA keys, with the kids of the current and the next one) and the
signing with it. Receivers may see every key of the file: the next one before it signs anything, so
that a rotation finds it known, and those before while tokens of theirs may be on their way.
Must never sign with a key of fewer than 2048 bits (CAEP Interoperability Profile section 2.6).
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import structlog
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.current_file import CurrentFile
from agents.key_file import Version, read_key_file
from events.errors import MalformedInput, Misconfigured
from schemas.security_event_tokens import TOKEN_TYPE
from schemas.strict_json import read_object

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ALGORITHM: Final = "RS256"
KEY_BITS_MIN: Final = 2048

_Kid = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=16)]
    current: _Kid
    next: _Kid | None = None


class SigningKeys:
    """The keys of a file.

    Attributes:
        current: the kid of the key that signs.
        next: of the one that will, after a rotation; None where there is none.
        kids: of all keys, in the order of the file.
        public: the JWK Set that receivers verify with.
    """

    def __init__(self, keys: Mapping[str, RSAKey], current: str, next_kid: str | None) -> None:
        """Sign with `current`, which is one of the keys."""
        self.current: Final = current
        self.next: Final = next_kid
        self.kids: Final = tuple(keys)
        self._key: Final = keys[current]
        self.public: Final[Mapping[str, object]] = {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "alg": ALGORITHM, "use": "sig"}
                for kid, key in keys.items()
            ]
        }

    def signed(self, claims: Mapping[str, object]) -> str:
        """The token with these claims: the same text for the same claims and key."""
        header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": self.current}
        return jwt.encode(header, dict(claims), self._key, algorithms=[ALGORITHM])


class CurrentSigningKeys:
    """The keys of a file that is read again when it changes (`agents.current_file`)."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            Misconfigured: it cannot be used.
        """
        self._file: Final = CurrentFile(path, read_signing_keys, unusable="signals.keys-unusable")

    def get(self) -> SigningKeys:
        """The keys as the file has them now."""
        if self._file.refresh():
            _logger.info("signals.keys-read", current=self._file.content.current)
        return self._file.content


def read_signing_keys(path: Path) -> tuple[SigningKeys, Version]:
    """The keys of a file, and which file that was.

    Raises:
        Misconfigured: it is missing, is no such file, has a short key, or is open to others. The
            message never says what is in a key.
    """
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if file.is_exposed:
        raise _unusable(path, "holds private keys and can be read by others; run `chmod 600` on it")
    try:
        read = _File.model_validate(read_object(file.content))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(ascii(str(part))[1:-1][:64] for part in first["loc"])
        raise _unusable(path, f"{where}: {first['msg']}") from None
    except MalformedInput:
        raise _unusable(path, "is no JSON object") from None
    keys = dict(_key(path, number, jwk) for number, jwk in enumerate(read.keys, start=1))
    if len(keys) != len(read.keys):
        raise _unusable(path, "two keys have one kid")
    for role, kid in (("current", read.current), ("next", read.next)):
        if kid is not None and kid not in keys:
            raise _unusable(path, f"{role}: there is no key of that kid")
    return SigningKeys(keys, read.current, read.next), file.version


def _key(path: Path, number: int, jwk: dict[str, Any]) -> tuple[str, RSAKey]:
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not kid:
        raise _unusable(path, f"key {number} has no kid")
    try:
        with warnings.catch_warnings():  # of short keys, which are refused below
            warnings.simplefilter("ignore", SecurityWarning)
            key = RSAKey.import_key(jwk)
        bits = key.private_key.key_size if key.private_key else 0
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _unusable(path, f"key {number} is no RSA key ({type(error).__name__})") from None
    if not bits:
        raise _unusable(path, f"key {number} is not private")
    if bits < KEY_BITS_MIN:
        raise _unusable(path, f"key {number} has {bits} bits; {KEY_BITS_MIN} is the least")
    return kid, key


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured(
        "signals.keys-file", f"{path}: {why}. `biolatch signal-keys generate` makes such a file."
    )
