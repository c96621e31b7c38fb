"""Verifying publishers' signatures, for many records at once, before anything is decided.

Owns which records pass: those whose signature is right under a key of the file, by the algorithm
that the file says, and no other. What a signature says about itself is believed only after that.
The file is looked at before each batch, so a new or withdrawn key counts at once; one that has
become unusable leaves the keys as they were, with an error in the log.
"""

import base64
import binascii
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import structlog
from joserfc.jws import JWSRegistry

from agents.lane.port import InputRecord
from agents.publisher_keys import PublisherKey, read_publisher_keys
from events.errors import MalformedInput, Misconfigured
from events.facts import Fact
from schemas.malformed import MalformedCode, malformed
from schemas.signatures import JWS_CRITICAL, JWS_TYPE, SIGNATURE_HEADER, canonical_form
from schemas.strict_json import read_object

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_TOKEN_BYTES_MAX: Final = 2048
_HEADERS_REMEMBERED_MAX: Final = 1000
_IN_THREADS_FROM: Final = 8
"""Fewer signatures are verified sooner than threads are woken."""

Outcome: TypeAlias = PublisherKey | MalformedInput | None
"""Of one record: the key that signed it, why it is refused, or that it is unsigned and may be."""

_Version: TypeAlias = tuple[int, int, int]


class _Job(NamedTuple):
    """A signature to verify: what was signed, by which key, and where the outcome goes."""

    place: int
    key: PublisherKey
    signing_input: bytes
    signature: bytes


class PublisherSignatures:
    """Verifies records; used from one thread only, and uses others itself."""

    def __init__(
        self, keys_file: Path, *, mode: Literal["accept", "require"], threads: int | None = None
    ) -> None:
        """Read the keys.

        Args:
            keys_file: see `agents.publisher_keys`.
            mode: whether a record may have no signature.
            threads: that verify together with the calling one; as many as there are processors,
                less that one, if not given.

        Raises:
            Misconfigured: the file cannot be used.
        """
        self._keys_file: Final = keys_file
        self._mode: Final = mode
        self._version: _Version | None = _version_of(keys_file)
        self._keys: Mapping[str, PublisherKey] = read_publisher_keys(keys_file)
        self._headers: dict[bytes, PublisherKey] = {}
        others = (os.cpu_count() or 1) - 1 if threads is None else threads
        self._pool: Final = (
            ThreadPoolExecutor(others, thread_name_prefix="verify") if others else None
        )
        self._chunks: Final = others + 1

    def check(self, records: Sequence[InputRecord]) -> list[Outcome]:
        """Verify records; one outcome for each, in order."""
        self._read_again_if_changed()
        outcomes: list[Outcome] = []
        jobs: list[_Job] = []
        for place, record in enumerate(records):
            try:
                job = self._job(place, record)
            except MalformedInput as error:
                outcomes.append(error)
                continue
            outcomes.append(None if job is None else job.key)
            if job is not None:
                jobs.append(job)
        for place in self._wrong(jobs):
            outcomes[place] = malformed(
                MalformedCode.SIGNATURE_INVALID, "the signature does not fit the event"
            )
        return outcomes

    def _job(self, place: int, record: InputRecord) -> _Job | None:
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
        key = self._headers.get(header)
        if key is None:
            key = self._key_of(header)
        return _Job(
            place,
            key,
            header + b"." + canonical_form(record.key, record.value, record.headers),
            _decoded(signature),
        )

    def _key_of(self, header: bytes) -> PublisherKey:
        """The key that a JWS header names, if it says exactly what it has to say."""
        try:
            members = read_object(_decoded(header))
        except MalformedInput as error:
            raise _invalid("its header is no JSON object") from error
        if set(members) != {"alg", "kid", "typ", "b64", "crit"}:
            raise _invalid("its header does not have exactly alg, kid, typ, b64 and crit")
        is_ours = members["typ"] == JWS_TYPE and members["crit"] == [*JWS_CRITICAL]
        if not is_ours or members["b64"] is not False:
            raise _invalid(f"it is not of type {JWS_TYPE} with b64 false")
        kid = members["kid"]
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise malformed(MalformedCode.SIGNATURE_KEY_UNKNOWN, "no key has that kid")
        if members["alg"] != key.algorithm:
            raise _invalid("its alg is not the one that the key is for")
        if len(self._headers) >= _HEADERS_REMEMBERED_MAX:
            self._headers.clear()
        self._headers[header] = key
        return key

    def _wrong(self, jobs: Sequence[_Job]) -> list[int]:
        """The places of those whose signature is wrong."""
        pool = self._pool
        slow = sum(job.key.algorithm != "HS256" for job in jobs)
        if pool is None or slow < _IN_THREADS_FROM:
            return _wrong_of(jobs)
        chunks = [jobs[start :: self._chunks] for start in range(self._chunks)]
        verifying = [pool.submit(_wrong_of, chunk) for chunk in chunks[1:]]
        wrong = _wrong_of(chunks[0])
        for future in verifying:
            wrong += future.result()
        return wrong

    def _read_again_if_changed(self) -> None:
        version = _version_of(self._keys_file)
        if version == self._version:
            return
        self._version = version
        try:
            self._keys = read_publisher_keys(self._keys_file)
        except Misconfigured as error:
            _logger.error("signatures.keys-unusable", code=error.code, reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
            return
        self._headers.clear()
        _logger.info("signatures.keys-read", keys=len(self._keys))


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


def _wrong_of(jobs: Sequence[_Job]) -> list[int]:
    return [job.place for job in jobs if not _is_right(job)]


def _is_right(job: _Job) -> bool:
    # The algorithm is the file's: what the token says was compared with it, and is not used.
    verify: Callable[..., bool] = JWSRegistry.algorithms[job.key.algorithm].verify
    return verify(job.signing_input, job.signature, job.key.key)


def _decoded(segment: bytes) -> bytes:
    """Base64url without padding, in the one form that encodes its bytes.

    Raises:
        MalformedInput: it is not that.
    """
    try:
        decoded = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        raise _invalid("it is not base64url") from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != segment:
        raise _invalid("it is not base64url")
    return decoded


def _invalid(why: str) -> MalformedInput:
    return malformed(MalformedCode.SIGNATURE_INVALID, f"the signature is not valid: {why}")


def _version_of(path: Path) -> _Version | None:
    """Changes whenever the file is written or replaced; None while there is none."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size
