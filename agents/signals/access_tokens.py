"""Who calls, and what they may: access tokens of an OAuth 2.0 server that is not ours.

Owns the checks of a JWT access token (RFC 9068) against the keys of its issuer. A token names the
receiver (`client_id`) and what it may do (`scope`). Must never take a token that lives long: it
could not be called back.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from agents.current_file import CurrentFile
from agents.key_file import Version, read_key_file
from events.errors import MalformedInput, Misconfigured
from schemas.strict_json import read_object

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
_CLOCK_SKEW_S: Final = 30
_RECEIVER_LENGTH_MAX: Final = 256


class InvalidToken(Exception):  # noqa: N818 - RFC 6750's word for it
    """The token is not one of ours, or not any more; the message may be told to its sender."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A receiver that has shown a token.

    Attributes:
        receiver: its `client_id`; streams belong to it.
        scopes: what it may do.
    """

    receiver: str
    scopes: frozenset[str]


class AccessTokens:
    """Checks access tokens against the keys in a file, which is read again when it changes."""

    def __init__(
        self,
        keys_file: Path,
        *,
        issuer: str,
        audience: str,
        lifetime_s_max: int,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """Read the file.

        Args:
            keys_file: a JWK Set with public keys.
            issuer: who alone may issue tokens.
            audience: for whom they are.
            lifetime_s_max: from `iat` to `exp`.
            now_s: the time.

        Raises:
            Misconfigured: the file cannot be used.
        """
        self._issuer: Final = issuer
        self._audience: Final = audience
        self._lifetime_s_max: Final = lifetime_s_max
        self._now_s: Final = now_s
        self._keys: Final = CurrentFile(
            keys_file, _read_keys, unusable="signals.token-keys-unusable"
        )

    def caller(self, token: str) -> Caller:
        """Who has shown this token.

        Raises:
            InvalidToken: it is not valid, or not for us.
        """
        self._keys.refresh()
        try:
            decoded = jwt.decode(token, self._keys.content, algorithms=[*ALGORITHMS])
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidToken("its signature cannot be verified") from error
        # Another kind of token of the same issuer must not open this door (RFC 9068 section 4).
        kind = str(decoded.header.get("typ", "")).lower().removeprefix("application/")
        if kind != "at+jwt":
            raise InvalidToken("it is no access token: typ has to be at+jwt")
        self._check(decoded.claims)
        return _caller(decoded.claims)

    def _check(self, claims: Mapping[str, Any]) -> None:
        audience = claims.get("aud")
        if claims.get("iss") != self._issuer or self._audience not in (
            audience if isinstance(audience, list) else [audience]
        ):
            # Whom it should have been from and for is not told to somebody without a token.
            raise InvalidToken("it is from somebody else, or for somebody else")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise InvalidToken("it has no iat or no exp")
        now_s = self._now_s()
        if expires <= now_s - _CLOCK_SKEW_S:
            raise InvalidToken("it has expired")
        begins = claims.get("nbf", issued)
        if not isinstance(begins, int | float) or max(issued, begins) > now_s + _CLOCK_SKEW_S:
            raise InvalidToken("it is not valid yet")
        if expires - issued > self._lifetime_s_max:
            raise InvalidToken(f"it is valid for longer than {self._lifetime_s_max} s")


def _caller(claims: Mapping[str, Any]) -> Caller:
    receiver, scope = claims.get("client_id", claims.get("sub")), claims.get("scope", "")
    if not isinstance(receiver, str) or not 0 < len(receiver) <= _RECEIVER_LENGTH_MAX:
        raise InvalidToken("it has no client_id")
    if not isinstance(scope, str):
        raise InvalidToken("its scope is no text")
    return Caller(receiver, frozenset(scope.split()))


def _read_keys(path: Path) -> tuple[KeySet, Version]:
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if file.is_anybodys:
        raise _unusable(path, "can be changed by everybody; run `chmod o-w` on it")
    try:
        document: Any = dict(read_object(file.content))
        keys = KeySet.import_key_set(document)
    except (MalformedInput, JoseError, ValueError, TypeError, KeyError) as error:
        raise _unusable(path, f"is no JWK Set ({type(error).__name__})") from None
    if not keys.keys or any(key.is_private or key.key_type == "oct" for key in keys.keys):
        raise _unusable(path, "holds no keys, or others than public ones")
    return keys, file.version


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("signals.token-keys-file", f"{path}: {why}")
