"""Signing events, where biolatch requires it (extra `sign`).

Owns the publisher's half of the contract in docs/signatures.md: a detached compact JWS (RFC 7515)
over a canonical form of the record, unencoded (RFC 7797), in header `ce_signature`. Key, value and
the envelope are signed; extension attributes are not.
"""

import stat
from pathlib import Path
from typing import Any, Final, Self

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry
from joserfc.util import json_b64encode, urlsafe_b64encode
from pydantic_core import from_json

from biolatch_client.records import EventRecord

_ALGORITHMS: Final = ("EdDSA", "ES256", "HS256")
_HEADER: Final = "ce_signature"
_FORM: Final = b"biolatch-event-1"
_SIGNED_HEADERS: Final = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
)
_ABSENT: Final = b"-,"


class UnusableKey(ValueError):
    """A key file that events cannot be signed with; the message never repeats what it holds."""


class EventSigner:
    """Signs records with one private key."""

    def __init__(self, kid: str, algorithm: str, key: Key) -> None:
        """Sign with this key, under this name.

        Args:
            kid: the key's name in the workers' keys file.
            algorithm: `EdDSA`, `ES256` or `HS256`.
            key: of the kind that the algorithm takes.

        Raises:
            UnusableKey: they do not fit.
        """
        if algorithm not in _ALGORITHMS:
            raise UnusableKey(f"alg is none of {', '.join(_ALGORITHMS)}")
        self._algorithm: Final[Any] = JWSRegistry.algorithms[algorithm]
        try:
            self._algorithm.check_key(key)
            key.get_op_key("sign")
        except (JoseError, ValueError, TypeError) as error:
            raise UnusableKey(f"no private key for {algorithm}") from error
        members = {
            "alg": algorithm,
            "kid": kid,
            "typ": "biolatch-event+jws",
            "b64": False,
            "crit": ["b64"],
        }
        self._header: Final = json_b64encode(members)
        self._key: Final = key

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The signer with the private key of a file: a JWK with `kid` and `alg`.

        Raises:
            UnusableKey: the file is missing, can be read by others, or holds no such key.
        """
        try:
            text, mode = path.read_bytes(), path.stat().st_mode
        except OSError as error:
            raise UnusableKey(f"{path} cannot be read: {error.strerror}") from error
        if stat.S_IMODE(mode) & 0o077:
            raise UnusableKey(f"{path} can be read by others; run `chmod 600` on it")
        try:
            jwk: dict[str, Any] = dict(from_json(text))
            kid, algorithm = str(jwk["kid"]), str(jwk["alg"])
            key = JWKRegistry.import_key(jwk)
        except (JoseError, KeyError, ValueError, TypeError) as error:
            # The cause is left out: it might repeat a piece of the key.
            raise UnusableKey(f"{path} holds no JWK ({type(error).__name__})") from None
        return cls(kid, algorithm, key)

    def signed(self, record: EventRecord) -> EventRecord:
        """The record with its signature."""
        signing_input = self._header + b"." + _canonical_form(record)
        signature: bytes = self._algorithm.sign(signing_input, self._key)
        token = self._header + b".." + urlsafe_b64encode(signature)
        return record._replace(headers=(*record.headers, (_HEADER, token)))


def _canonical_form(record: EventRecord) -> bytes:
    """Netstrings of the form's name, the key, the signed headers in their order, and the value.

    A header that is not there (this client writes no `ce_dataschema`) is a hyphen and a comma.
    """
    by_name = dict(record.headers)
    fields = [_FORM, record.key, *(by_name.get(name) for name in _SIGNED_HEADERS), record.value]
    return b"".join(
        [_ABSENT if field is None else b"%d:%b," % (len(field), field) for field in fields]
    )
