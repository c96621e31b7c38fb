"""Signing events as a publisher does, with a private key from a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key
from joserfc.jws import JWSRegistry
from joserfc.util import json_b64encode, urlsafe_b64encode

from agents.key_file import read_key_file
from deploy.publishing.publish_lines import Publisher
from deploy.records.publisher import Acknowledged, KeyedRecord, Waiting
from events.errors import MalformedInput, Misconfigured
from schemas.signatures import (
    JWS_CRITICAL,
    JWS_TYPE,
    SIGNATURE_HEADER,
    canonical_form,
)
from schemas.strict_json import read_object

_ALGORITHMS: Final = ("EdDSA", "ES256", "HS256")


class EventSigner:
    """Signs records with one key."""

    def __init__(self, kid: str, algorithm: str, key: Key) -> None:
        """Sign with this key, under this name."""
        # In the order in which everybody writes them, though no order is asked for.
        members = {
            "alg": algorithm,
            "kid": kid,
            "typ": JWS_TYPE,
            "b64": False,
            "crit": [*JWS_CRITICAL],
        }
        self._header: Final = json_b64encode(members)
        self._algorithm: Final[Any] = JWSRegistry.algorithms[algorithm]
        self._key: Final = key

    def signed(self, record: KeyedRecord) -> KeyedRecord:
        """The record with its signature; one that it had is replaced."""
        headers = [each for each in record.headers if each[0] != SIGNATURE_HEADER]
        payload = canonical_form(record.key, record.value, headers)
        signature: bytes = self._algorithm.sign(self._header + b"." + payload, self._key)
        token = self._header + b".." + urlsafe_b64encode(signature)
        return KeyedRecord(record.key, record.value, (*headers, (SIGNATURE_HEADER, token)))


class SigningPublisher:
    """A publisher that signs what it is given."""

    def __init__(self, publisher: Publisher, signer: EventSigner) -> None:
        """Pass everything on, signed."""
        self._publisher: Final = publisher
        self._signer: Final = signer

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,
    ) -> None:
        """See `Publisher`."""
        await self._publisher.publish(
            [self._signer.signed(record) for record in records],
            wait_s_max=wait_s_max,
            on_acknowledged=on_acknowledged,
            on_waiting=on_waiting,
        )


def read_signer(path: Path) -> EventSigner:
    """The signer with the private key of a file: a JWK with `kid` and `alg`.

    Raises:
        Misconfigured: the file is missing, holds no such key, or can be read by others.
    """
    try:
        file = read_key_file(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if file.is_exposed:
        raise _unusable(path, "can be read by others; run `chmod 600` on it")
    try:
        jwk: dict[str, Any] = dict(read_object(file.content))
        kid, algorithm = jwk.get("kid"), jwk.get("alg")
        if not isinstance(kid, str) or algorithm not in _ALGORITHMS:
            raise _unusable(path, f"needs a kid, and an alg out of {', '.join(_ALGORITHMS)}")
        key = JWKRegistry.import_key(jwk)
        JWSRegistry.algorithms[algorithm].check_key(key)
        key.get_op_key("sign")
    except (MalformedInput, JoseError, ValueError, TypeError) as error:
        raise _unusable(path, f"holds no private key ({type(error).__name__})") from None
    return EventSigner(kid, algorithm, key)


def _unusable(path: Path, why: str) -> Misconfigured:
    return Misconfigured("signatures.private-key", f"{path}: {why}")
