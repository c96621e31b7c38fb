"""Publishers' signatures: which records pass, and what is to be verified for that.

Owns which do: those whose signature is right under a key of the file, by the algorithm that the
file says, and no other. What a signature says about itself is believed only after that. The file
is looked at for every few records, so a new or withdrawn key counts at once.
"""

import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from agents.current_keys import CurrentKeys
from agents.lane.port import InputRecord
from agents.publisher_keys import PublisherKey
from agents.verification import Signed, wrong_of
from events.errors import MalformedInput
from events.facts import Fact
from schemas.base64url import decode_base64url
from schemas.malformed import MalformedCode, malformed
from schemas.signatures import JWS_CRITICAL, JWS_TYPE, SIGNATURE_HEADER, canonical_form
from schemas.strict_json import read_object

_TOKEN_BYTES_MAX: Final = 2048
_HEADERS_REMEMBERED_MAX: Final = 256

Outcome: TypeAlias = PublisherKey | MalformedInput | None
"""Of one record: the key that signed it, why it is refused, or that it is unsigned and may be."""


_BASE64URL: Final = (string.ascii_letters + string.digits + "-_").encode()
_TO_BASE64: Final = bytes.maketrans(b"-_", b"+/")
_MEMBERS: Final = frozenset({"alg", "kid", "typ", "b64", "crit"})


class PublisherClaim(NamedTuple):
    """A record's signature that is still to be verified.

    Attributes:
        header: of the JWS, as it stands there.
        key: the one that the header names.
        signed: what to verify.
    """

    header: bytes
    key: PublisherKey
    signed: Signed


class PublisherSignatures:
    """Looks at records' signatures; used from one thread only."""

    def __init__(self, keys_file: Path, *, mode: Literal["accept", "require"]) -> None:
        """Read the keys.

        Args:
            keys_file: see `agents.publisher_keys`.
            mode: whether a record may have no signature.

        Raises:
            Misconfigured: the file cannot be used.
        """
        self._keys: Final = CurrentKeys(keys_file)
        self._mode: Final = mode
        self._headers: Final[dict[bytes, PublisherKey]] = {}

    def outcomes(self, records: Sequence[InputRecord]) -> list[Outcome]:
        """Verify records here and now; the outcome of each, in order."""
        outcomes, claims = self.claims(records)
        self.settle(outcomes, claims, wrong_of([claim.signed for claim in claims]))
        return outcomes

    def claims(self, records: Sequence[InputRecord]) -> tuple[list[Outcome], list[PublisherClaim]]:
        """By place, what is known without verifying; and what is to be verified.

        Which key verifies a record is decided now, not when that is done.
        """
        if self._keys.refresh():
            self._headers.clear()
        outcomes: list[Outcome] = []
        claims: list[PublisherClaim] = []
        for place, record in enumerate(records):
            try:
                claim = self._claim(place, record)
            except MalformedInput as error:
                outcomes.append(error)
                continue
            outcomes.append(None if claim is None else claim.key)
            if claim is not None:
                claims.append(claim)
        return outcomes, claims

    def settle(
        self, outcomes: list[Outcome], claims: Iterable[PublisherClaim], wrong: Iterable[int]
    ) -> None:
        """Write down whose signature is wrong, and remember the headers of those that are right.

        `outcomes` and the claims are those of one call of `claims`; `wrong` are places.
        """
        for place in wrong:
            outcomes[place] = malformed(
                MalformedCode.SIGNATURE_INVALID, "the signature does not fit the event"
            )
        for header, key, signed in claims:
            # Only who has a key can get a header remembered, and only while the key counts.
            if (
                header not in self._headers
                and outcomes[signed.place] is key
                and self._keys.by_kid.get(key.kid) is key
            ):
                if len(self._headers) >= _HEADERS_REMEMBERED_MAX:
                    self._headers.clear()
                self._headers[header] = key

    def _claim(self, place: int, record: InputRecord) -> PublisherClaim | None:
        tokens = [value for name, value in record.headers if name == SIGNATURE_HEADER]
        if not tokens:
            if self._mode == "accept":
                return None
            raise malformed(
                MalformedCode.SIGNATURE_MISSING, f"header {SIGNATURE_HEADER} is missing"
            )
        [token, *more] = tokens
        if more or token is None or len(token) > _TOKEN_BYTES_MAX:
            raise _invalid("there is not exactly one signature of a sensible length")
        header, dots, signature = token.partition(b"..")
        if not dots:
            raise _invalid("it is no detached compact JWS")
        key = self._headers.get(header) or self._key_of(header)
        signing_input = header + b"." + canonical_form(record.key, record.value, record.headers)
        return PublisherClaim(
            header, key, Signed(place, key.verifying, signing_input, _decoded(signature))
        )

    def _key_of(self, header: bytes) -> PublisherKey:
        """The key that a JWS header names, if it says exactly what it has to say."""
        try:
            members = read_object(_decoded(header))
        except MalformedInput as error:
            raise _invalid("its header is no JSON object") from error
        if members.keys() != _MEMBERS:
            raise _invalid("its header does not have exactly alg, kid, typ, b64 and crit")
        is_ours = members["typ"] == JWS_TYPE and members["crit"] == [*JWS_CRITICAL]
        if not is_ours or members["b64"] is not False:
            raise _invalid(f"it is not of type {JWS_TYPE} with b64 false")
        kid = members["kid"]
        key = self._keys.by_kid.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise malformed(MalformedCode.SIGNATURE_KEY_UNKNOWN, "no key has that kid")
        if members["alg"] != key.algorithm:
            raise _invalid("its alg is not the one that the key is for")
        return key


def require_granted(key: PublisherKey, fact: Fact) -> None:
    """Do nothing, if the key may sign this event at its time.

    Raises:
        MalformedInput: it may not; the code says what is against it.
    """
    grant = key.grant
    if not grant.is_valid_at(fact.now_ms):
        raise malformed(
            MalformedCode.SIGNATURE_KEY_NOT_VALID, "the key is not valid at the record's time"
        )
    if not grant.covers_type(fact.data.event_type):
        raise malformed(
            MalformedCode.SIGNATURE_TYPE_NOT_ALLOWED, "the key may not sign events of this type"
        )
    if not grant.covers_source(fact.source):
        raise malformed(
            MalformedCode.SIGNATURE_SOURCE_NOT_ALLOWED, "the key may not speak for this source"
        )


def _decoded(segment: bytes) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise _invalid("it is not base64url") from None


def _invalid(why: str) -> MalformedInput:
    return malformed(MalformedCode.SIGNATURE_INVALID, f"the signature is not valid: {why}")
