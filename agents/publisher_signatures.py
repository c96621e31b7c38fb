"""Verifying publishers' signatures, for many records at once, before anything is decided.

Owns which records pass: those whose signature is right under a key of the file, by the algorithm
that the file says, and no other. What a signature says about itself is believed only after that.
The file is looked at for every few records, so a new or withdrawn key counts at once.
"""

import asyncio
import os
import string
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from agents.current_keys import CurrentKeys
from agents.lane.port import Headers, InputRecord
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
_IN_THREADS_FROM: Final = 4
"""Fewer slow signatures are verified at once: half a millisecond, and no thread is woken."""

Outcome: TypeAlias = PublisherKey | MalformedInput | None
"""Of one record: the key that signed it, why it is refused, or that it is unsigned and may be."""


_BASE64URL: Final = (string.ascii_letters + string.digits + "-_").encode()
_TO_BASE64: Final = bytes.maketrans(b"-_", b"+/")
_MEMBERS: Final = frozenset({"alg", "kid", "typ", "b64", "crit"})


class VerifiedRecord(NamedTuple):
    """A record of the input (an `InputRecord`), and what is known of its signature."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    signed: Outcome


class _Claim(NamedTuple):
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
    """Verifies records; used from one thread only, and uses others itself."""

    def __init__(
        self, keys_file: Path, *, mode: Literal["accept", "require"], threads: int | None = None
    ) -> None:
        """Read the keys.

        Args:
            keys_file: see `agents.publisher_keys`.
            mode: whether a record may have no signature.
            threads: that verify; as many as there are processors, if not given.

        Raises:
            Misconfigured: the file cannot be used.
        """
        self._keys: Final = CurrentKeys(keys_file)
        self._mode: Final = mode
        self._headers: Final[dict[bytes, PublisherKey]] = {}
        self._threads: Final = threads or os.cpu_count() or 1
        self._pool: Final = ThreadPoolExecutor(self._threads, thread_name_prefix="verify")

    def verified(self, records: Sequence[InputRecord]) -> list[VerifiedRecord]:
        """Verify records here and now; those that were verified before stay as they are."""
        if all(isinstance(record, VerifiedRecord) for record in records):
            return [record for record in records if isinstance(record, VerifiedRecord)]
        outcomes, claims = self._claims(records)
        self._settle(outcomes, claims, wrong_of([claim.signed for claim in claims]))
        return _with(records, outcomes)

    def verified_ahead(
        self, records: Sequence[InputRecord]
    ) -> asyncio.Future[Sequence[InputRecord]]:
        """Verify records in threads; called in an event loop, and returns at once.

        Which key verifies a record is decided now, not when the verification is done.
        """
        outcomes, claims = self._claims(records)
        slow = [claim.signed for claim in claims if claim.key.algorithm != "HS256"]
        loop = asyncio.get_running_loop()
        if len(slow) < _IN_THREADS_FROM:
            self._settle(outcomes, claims, wrong_of([claim.signed for claim in claims]))
            verified: asyncio.Future[Sequence[InputRecord]] = loop.create_future()
            verified.set_result(_with(records, outcomes))
            return verified
        parts = [
            loop.run_in_executor(self._pool, wrong_of, slow[start :: self._threads])
            for start in range(self._threads)
        ]
        quick = [claim.signed for claim in claims if claim.key.algorithm == "HS256"]
        return asyncio.ensure_future(
            self._verified(records, outcomes, claims, [wrong_of(quick)], parts)
        )

    async def _verified(
        self,
        records: Sequence[InputRecord],
        outcomes: list[Outcome],
        claims: Sequence[_Claim],
        wrong: Sequence[list[int]],
        parts: Sequence[asyncio.Future[list[int]]],
    ) -> Sequence[InputRecord]:
        found = [*wrong, *await asyncio.gather(*parts)]
        self._settle(outcomes, claims, [place for places in found for place in places])
        return _with(records, outcomes)

    def _claims(self, records: Sequence[InputRecord]) -> tuple[list[Outcome], list[_Claim]]:
        """By place, what is known without verifying; and what is to be verified."""
        if self._keys.refresh():
            self._headers.clear()
        outcomes: list[Outcome] = []
        claims: list[_Claim] = []
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

    def _settle(
        self, outcomes: list[Outcome], claims: Iterable[_Claim], wrong: Iterable[int]
    ) -> None:
        """Write down whose signature is wrong, and remember the headers of those that are right."""
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

    def _claim(self, place: int, record: InputRecord) -> _Claim | None:
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
        return _Claim(header, key, Signed(place, key.verify, signing_input, _decoded(signature)))

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


def _with(records: Sequence[InputRecord], outcomes: Sequence[Outcome]) -> list[VerifiedRecord]:
    return [
        VerifiedRecord(
            record.offset, record.timestamp, record.key, record.value, record.headers, outcome
        )
        for record, outcome in zip(records, outcomes, strict=True)
    ]


def _decoded(segment: bytes) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise _invalid("it is not base64url") from None


def _invalid(why: str) -> MalformedInput:
    return malformed(MalformedCode.SIGNATURE_INVALID, f"the signature is not valid: {why}")
