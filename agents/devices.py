"""The devices agent: successive input records against the rows of their devices.

Owns the order of work: read, skip what a row has already, decide, and write each touched row and
public state once. Pure as the lane demands (`agents.lane.port.BatchHandler`): the
same records and rows give the same bytes. Must never lose a record: what cannot be decoded becomes
a dead letter, everything else gets its verdict.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace

from agents.core.decide import step
from agents.core.policy import Policy
from agents.core.projection import look_alike, public_state
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState
from agents.dead_letters import letter_of
from agents.device_rows import ROW_FORMAT, decode_row, encode_row
from agents.device_signatures import DeviceSignatures, TriedSignature
from agents.erasure_keys import ErasureKeys
from agents.lane.port import (
    BatchResult,
    Count,
    InputRecord,
    LatestRecord,
    OutgoingRecord,
    Partition,
    Rows,
)
from agents.preparation import Preparation, read
from agents.publisher_signatures import PublisherSignatures
from agents.row_places import KEY_ID_KEY, RowPlaces
from agents.tally import DEAD_LETTER, SKIPPED, count, count_answer
from agents.verification_processes import VerificationProcesses
from events.errors import MalformedInput
from events.facts import Fact
from schemas import topics
from schemas.outputs import public_state_record, public_state_value, verdict_and_decisions


class DevicesAgent:
    """Decides batches of device events under one policy.

    Attributes:
        row_format: the newest row format read and written.
    """

    def __init__(
        self,
        policy: Policy,
        signatures: PublisherSignatures | None = None,
        erasure_keys: ErasureKeys | None = None,
        processes: VerificationProcesses | None = None,
    ) -> None:
        """Decide under a policy.

        Args:
            policy: the numbers of the rules.
            signatures: of publishers; without it, nobody looks at them.
            erasure_keys: mark who was erased; without them, marks hold ids in clear.
            processes: verify signatures ahead; without them, that is done when deciding.
        """
        self._policy: Final = policy
        self._places: Final = RowPlaces(erasure_keys)
        self._devices: Final = (
            DeviceSignatures(policy) if policy.looks_at_device_signatures else None
        )
        self._preparation: Final = (
            None
            if signatures is None and self._devices is None
            else Preparation(signatures, self._devices, processes or VerificationProcesses(0))
        )

    @property
    def row_format(self) -> int:
        """The newest row format that is read and written."""
        return ROW_FORMAT

    def prepare(
        self, rows: Rows, records: Sequence[InputRecord]
    ) -> asyncio.Future[Sequence[InputRecord]] | None:
        """Verify signatures, where somebody wants to know."""
        if self._preparation is None:
            return None
        return self._preparation.ahead(records, partial(self._row_of, rows))

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        """Decide records, in order.

        Raises:
            Misconfigured: the rows hold marks under a key of erasure marks that is not ours.
        """
        self._places.require_keys(rows)
        batch = _Batch(partition, rows, self._policy, self._places, self._devices)
        if self._preparation is None:
            for record in records:
                self._take(batch, partition, record, read(record), None)
        else:
            for prepared in self._preparation.at_once(records, partial(self._row_of, rows)):
                self._take(batch, partition, prepared, prepared.said, prepared.tried)
        return batch.result()

    def _take(
        self,
        batch: "_Batch",
        partition: Partition,
        record: InputRecord,
        said: Fact | MalformedInput,
        tried: TriedSignature | None,
    ) -> None:
        if isinstance(said, MalformedInput):
            count(batch.counts, (DEAD_LETTER, said.code))
            batch.dead_letters.append(letter_of(partition, record, said.code, str(said)))
        else:
            batch.take(said, tried)

    def _row_of(self, rows: Rows, device_id: str) -> DeviceState:
        place = self._places.find(rows, device_id)
        return UNKNOWN_DEVICE if place is None else decode_row(place.row)

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        """Turn one record into its dead letter, undecided: an operator chose to skip it."""
        letter = letter_of(partition, record, code, message)
        return BatchResult(
            {topics.DEAD_LETTERS: [letter]}, rows={}, counts={(DEAD_LETTER, code): 1}
        )


class _Touched:
    """A device that some records speak of: its row before, its row now, its last event.

    `place` is where its row stands; None where it has none.
    """

    __slots__ = ("before", "now", "offset", "place")

    def __init__(self, place: bytes | None, before: DeviceState) -> None:
        self.place: Final = place
        self.before: Final = before
        self.now = before
        self.offset = before.watermark


class _Batch:
    """Some records being decided."""

    __slots__ = (
        "_decisions",
        "_devices",
        "_has_new_mark",
        "_origin",
        "_places",
        "_policy",
        "_rows",
        "_touched",
        "_verdicts",
        "counts",
        "dead_letters",
    )

    def __init__(
        self,
        partition: Partition,
        rows: Rows,
        policy: Policy,
        places: RowPlaces,
        devices: DeviceSignatures | None,
    ) -> None:
        self._origin: Final = f"{partition.topic}/{partition.number}/"
        self._rows: Final = rows
        self._policy: Final = policy
        self._places: Final = places
        self._devices: Final = devices
        self._touched: Final[dict[bytes, _Touched]] = {}
        self._verdicts: Final[list[OutgoingRecord]] = []
        self._decisions: Final[list[OutgoingRecord]] = []
        self.dead_letters: Final[list[OutgoingRecord]] = []
        self.counts: Final[dict[Count, int]] = {}
        self._has_new_mark = False

    def take(self, fact: Fact, tried: TriedSignature | None) -> None:
        """Decide the fact, with its device's signature as far as that was tried ahead."""
        device = self._device(fact.device_id)
        offset = fact.offset
        if offset <= device.now.watermark:
            # The second defence against doing an event twice: none, unless the first one failed.
            count(self.counts, (SKIPPED,))
            return
        signature: VerifiedSignature | None = None
        if self._devices is not None:
            signature = self._devices.signature(fact, device.now, tried)
        device.now, decided = step(
            device.now, fact, self._policy, signature, self._places.user_marks
        )
        device.offset = offset
        count_answer(self.counts, decided)
        verdict, decisions = verdict_and_decisions(
            f"{self._origin}{offset}", fact, decided.verdict, decided.decisions
        )
        self._verdicts.append(verdict)
        self._decisions.extend(decisions)

    def _device(self, device_id: str) -> _Touched:
        key = device_id.encode()
        device = self._touched.get(key)
        if device is None:
            place = self._places.find(self._rows, device_id)
            if place is None:
                device = _Touched(None, UNKNOWN_DEVICE)
            else:
                device = _Touched(place.key, decode_row(place.row))
            self._touched[key] = device
        return device

    def result(self) -> BatchResult:
        """Everything the records lead to: each row and public state once, as it is at the end."""
        rows: dict[bytes, bytes | None] = {}
        states: dict[bytes, LatestRecord] = {}
        for key, device in self._touched.items():
            now, before = device.now, device.before
            self._put_row(rows, key, device)
            if now is before:
                continue
            if look_alike(before, now):
                continue
            device_id = key.decode()
            published = public_state_value(public_state(device_id, before, self._policy))
            value = public_state_value(public_state(device_id, now, self._policy))
            if value != published:
                record = public_state_record(key, f"{self._origin}{device.offset}", value)
                states[key] = LatestRecord(record, published)
        key_id = self._places.key_id_to_write(self._rows, has_new_mark=self._has_new_mark)
        if key_id is not None:
            rows[KEY_ID_KEY] = key_id
        outgoing = {
            topics.VERDICTS: self._verdicts,
            topics.DECISIONS: self._decisions,
            topics.DEAD_LETTERS: self.dead_letters,
        }
        return BatchResult(
            outgoing={topic: sent for topic, sent in outgoing.items() if sent},
            rows=rows,
            latest={topics.DEVICE_STATE: states} if states else {},
            counts=self.counts,
        )

    def _put_row(self, rows: dict[bytes, bytes | None], key: bytes, device: _Touched) -> None:
        """Write a device's row where it belongs, if it changed or stands elsewhere."""
        now = device.now
        if now.erased_ms is None and not now.erased_users:  # nearly every device
            if now is not device.before:
                rows[key] = encode_row(now)
            return
        device_id = key.decode()
        place, named = self._places.key_of(device_id, now), self._places.named(device_id, now)
        if now is device.before:
            if (place == device.place and named is now) or device.offset == now.watermark:
                return
            # What is written for an event says so, also where the event itself was refused.
            named = replace(named, watermark=device.offset)
        rows[place] = encode_row(named)
        self._has_new_mark = True
        if device.place is not None and device.place != place:
            rows[device.place] = None
