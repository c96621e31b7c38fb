"""Preparing records: what can be found out about them before those ahead of them are decided.

Owns the way from a record to a fact whose signatures were looked at, the publisher's and the
device's, many of them at once in other processes. What comes out depends on the record and the
row's key only, never on when it was prepared: a device's signature that was tried under a key that
is no longer the one is tried again when its event is decided.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, NamedTuple

from agents.device_signatures import DeviceSignatures, RowOf, Trial, TriedSignature
from agents.lane.port import Headers, InputRecord
from agents.publisher_keys import PublisherKey
from agents.publisher_signatures import (
    Outcome,
    PublisherClaim,
    PublisherSignatures,
    require_granted,
)
from agents.verification import Signed, wrong_of
from agents.verification_processes import ELSEWHERE_FROM, VerificationProcesses
from events.errors import MalformedInput
from events.facts import Fact
from schemas.inputs import decode


class PreparedRecord(NamedTuple):
    """A record of the input (an `InputRecord`), and what was found out about it.

    Attributes:
        said: what it says; or why it cannot be read, or its publisher's signature is refused.
        tried: its device's signature, if that was verified.
    """

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    said: Fact | MalformedInput
    tried: TriedSignature | None


class Preparation:
    """Prepares records; used from one thread only, and uses other processes."""

    def __init__(
        self,
        publishers: PublisherSignatures | None,
        devices: DeviceSignatures | None,
        processes: VerificationProcesses,
    ) -> None:
        """Look at the signatures of publishers, of devices, or of both."""
        self._publishers: Final = publishers
        self._devices: Final = devices
        self._processes: Final = processes

    def at_once(self, records: Sequence[InputRecord], row_of: RowOf) -> list[PreparedRecord]:
        """Prepare records here and now; those that were prepared before stay as they are."""
        if all(isinstance(record, PreparedRecord) for record in records):
            return [record for record in records if isinstance(record, PreparedRecord)]
        some = _Some(records, self._publishers, self._devices, row_of)
        return some.prepared(wrong_of(some.signed))

    def ahead(
        self, records: Sequence[InputRecord], row_of: RowOf
    ) -> asyncio.Future[Sequence[InputRecord]]:
        """Prepare records in other processes; called in an event loop, and returns at once.

        Which keys verify a record is decided now, not when the verification is done.
        """
        try:
            some = _Some(records, self._publishers, self._devices, row_of)
        except Exception:  # noqa: BLE001 - it comes again when they are decided, and is said then
            return _done(records)
        if not some.takes_long:
            return _done(some.prepared(wrong_of(some.signed)))
        return asyncio.ensure_future(_finished(some, self._processes.wrong_of(some.signed)))


class _Some:
    """Some records being prepared.

    Attributes:
        signed: what is to be verified: at a record's place the publisher's signature, behind the
            places of all records the device's.
    """

    __slots__ = ("_claims", "_outcomes", "_publishers", "_records", "_said", "_trials", "signed")

    def __init__(
        self,
        records: Sequence[InputRecord],
        publishers: PublisherSignatures | None,
        devices: DeviceSignatures | None,
        row_of: RowOf,
    ) -> None:
        self._records: Final = records
        self._publishers: Final = publishers
        self._said: Final = [read(record) for record in records]
        self._outcomes: list[Outcome] = [None] * len(records)
        self._claims: list[PublisherClaim] = []
        if publishers is not None:
            self._outcomes, self._claims = publishers.claims(records)
        self._trials: list[Trial] = []
        if devices is not None:
            self._trials = devices.trials(self._said, row_of)
        behind = len(records)
        self.signed: Final = [claim.signed for claim in self._claims] + [
            Signed(behind + place, key, claim.signing_input, claim.signature)
            for place, claim, _, key in self._trials
        ]

    @property
    def takes_long(self) -> bool:
        """Whether others should verify: an HMAC is made sooner than anybody is asked."""
        slow = sum(signed.key.algorithm != "HS256" for signed in self.signed)
        return slow >= ELSEWHERE_FROM

    def prepared(self, wrong: Iterable[int]) -> list[PreparedRecord]:
        """The records, now that it is known which signatures are wrong."""
        places = set(wrong)
        behind = len(self._records)
        if self._publishers is not None:
            own = [place for place in places if place < behind]
            self._publishers.settle(self._outcomes, self._claims, own)
        tried = {
            place: TriedSignature(claim, point, behind + place not in places)
            for place, claim, point, _ in self._trials
        }
        return [
            PreparedRecord(
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                record.headers,
                _believed(said, outcome),
                tried.get(place),
            )
            for place, (record, said, outcome) in enumerate(
                zip(self._records, self._said, self._outcomes, strict=True)
            )
        ]


def _done(records: Sequence[InputRecord]) -> asyncio.Future[Sequence[InputRecord]]:
    done: asyncio.Future[Sequence[InputRecord]] = asyncio.get_running_loop().create_future()
    done.set_result(records)
    return done


async def _finished(some: _Some, wrong: Awaitable[Sequence[int]]) -> Sequence[InputRecord]:
    return some.prepared(await wrong)


def read(record: InputRecord) -> Fact | MalformedInput:
    """What a record says; or why it cannot be read."""
    try:
        return decode(
            record.key,
            record.value,
            record.headers,
            timestamp_ms=record.timestamp,
            offset=record.offset,
        )
    except MalformedInput as error:
        return error


def _believed(said: Fact | MalformedInput, outcome: Outcome) -> Fact | MalformedInput:
    """What a record says, if its publisher may say so."""
    if isinstance(outcome, MalformedInput):
        return outcome
    if isinstance(outcome, PublisherKey) and not isinstance(said, MalformedInput):
        try:
            require_granted(outcome, said)
        except MalformedInput as error:
            return error
    return said
