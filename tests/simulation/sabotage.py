"""The lane's surroundings with one protection of the design broken, each for a run of its own.

Nothing here is a switch of the product: each class takes the place of a sound part of the broker
in memory, of a session on it, or of the handler.
"""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress

import msgspec

from agents.device_rows import decode_row, encode_row
from agents.lane.log import FetchedBatch, LogFailure, Transaction
from agents.lane.memory_lane import MemoryLaneLog, MemorySession, MemoryTransaction
from agents.lane.port import (
    BatchHandler,
    BatchResult,
    InputRecord,
    OutgoingRecord,
    Partition,
    Rows,
)
from agents.lane.position import POSITION_KEY
from schemas.topics import DEVICE_EVENTS
from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.simulation.network import SimulatedLog
from tests.simulation.setup import CHANGELOG, everything, real_handler


class _FencesFirst(MemoryTransaction):
    async def commit(self) -> None:
        session = self.session
        if not session.epoch:
            transactions = session.view.log.transactions
            session.epoch = await session.request(
                "open", lambda: transactions.fence(session.transactional_id)
            )
        await super().commit()


class _FencedAtFirstWrite(MemorySession):
    transaction_type = _FencesFirst


class FencesTooLate(MemoryLaneLog):
    """Reads rows and position first, and fences with its first transaction."""

    async def open(self) -> MemorySession:
        """See `LaneLog`."""
        return _FencedAtFirstWrite(self, str(self.partition), epoch=0)


class _InTurn:
    """Two transactions where there should be one."""

    def __init__(self, *transactions: Transaction) -> None:
        self._transactions = transactions

    async def commit(self) -> None:
        for transaction in self._transactions:
            await transaction.commit()


class _PositionFirst(MemorySession):
    def transaction(
        self,
        outgoing: Mapping[str, Sequence[OutgoingRecord]],
        changelog: Mapping[bytes, bytes | None],
        next_offset: int,
    ) -> Transaction:
        position, rows = _apart(changelog)
        return _InTurn(
            super().transaction({}, position, next_offset),
            super().transaction(outgoing, rows, next_offset),
        )


class PositionFirst(MemoryLaneLog):
    """Commits the position by itself, before what it stands for."""

    session_type = _PositionFirst


class _PositionLast(MemorySession):
    def transaction(
        self,
        outgoing: Mapping[str, Sequence[OutgoingRecord]],
        changelog: Mapping[bytes, bytes | None],
        next_offset: int,
    ) -> Transaction:
        position, rows = _apart(changelog)
        told = self.view.log.group_offsets.get(self.view.partition)
        if told is None:  # rows without any position would park the lane
            return super().transaction(outgoing, changelog, next_offset)
        # What the group is told must not be ahead of the position, or that alone would be found.
        return _InTurn(
            super().transaction(outgoing, rows, told),
            super().transaction({}, position, next_offset),
        )


class PositionLast(MemoryLaneLog):
    """Commits the position by itself, after what it stands for."""

    session_type = _PositionLast


def _apart(
    changelog: Mapping[bytes, bytes | None],
) -> tuple[Mapping[bytes, bytes | None], Mapping[bytes, bytes | None]]:
    rows = {key: value for key, value in changelog.items() if key != POSITION_KEY}
    return {POSITION_KEY: changelog[POSITION_KEY]}, rows


def forgetful_handler() -> BatchHandler:
    """The real one, with rows that do not say which event they have seen last."""
    return _WithoutWatermarks(real_handler())


class _WithoutWatermarks:
    def __init__(self, handler: BatchHandler) -> None:
        self._handler = handler
        self.row_format = handler.row_format

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        return self._handler(partition, _Rewound(rows), records)

    def dead_letter(
        self, partition: Partition, record: InputRecord, code: str, message: str
    ) -> BatchResult:
        return self._handler.dead_letter(partition, record, code, message)


class _Rewound:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, key: bytes, /) -> bytes | None:
        row = self._rows.get(key)
        if row is None:
            return None
        return encode_row(msgspec.structs.replace(decode_row(row), watermark=-1))


def taken_events(seed: int, events: int) -> list[RawRecord]:
    """A history whose every event changes its row: what a watermark can remember."""
    history = everything(seed, events)
    while True:
        model = Model(Policy(version="1"))
        taken = [record for record in history if _is_taken(model, record)]
        if len(taken) == len(history):
            return history
        history = taken


def _is_taken(model: Model, record: RawRecord) -> bool:
    verdict = model.step(record).verdict
    return verdict is not None and verdict.headers["ce_type"] != "biolatch.verdict.refused.v1"


class Unfenced(MemoryLaneLog):
    """A transactional id for every session, so that none fences another."""

    async def open(self) -> MemorySession:
        """See `LaneLog`."""
        return await self.log.request("open", self.partition, self._session)

    def _session(self) -> MemorySession:
        transactions = self.log.transactions
        name = f"{self.partition} session {transactions.fence(f'{self.partition} sessions')}"
        return MemorySession(self, name, transactions.fence(name))


class _ReadsUncommitted(SimulatedLog):
    topic: str

    def read(self, partition: Partition, position: int, records_max: int) -> FetchedBatch:
        """See `MemoryLog`."""
        if partition.topic != self.topic:
            return super().read(partition, position, records_max)
        stored = self.stored(partition)
        records = stored.records[position - stored.start :][:records_max]
        readable = [record for record in records if not record.is_marker]
        return FetchedBatch(partition, position, position + len(records), readable)


class UncommittedInput(_ReadsUncommitted):
    """Whoever reads the input gets what is there, also what is aborted or may still be."""

    topic = DEVICE_EVENTS


class UncommittedChangelog(_ReadsUncommitted):
    """Whoever reads the changelog gets what is there, also what is aborted."""

    topic = CHANGELOG


class KeepsItsProducer(MemoryLaneLog):
    """Goes on with the producer that an error has left in doubt, unless it is fenced."""

    _kept: MemorySession | None = None

    async def open(self) -> MemorySession:
        """See `LaneLog`."""
        kept, transactions = self._kept, self.log.transactions
        if kept is not None and transactions.epoch(kept.transactional_id) == kept.epoch:
            await kept.close()
            return kept
        self._kept = await super().open()
        return self._kept


class _Careless(MemoryTransaction):
    async def acknowledged(self, writing: Awaitable[None]) -> None:
        with suppress(LogFailure):
            await writing


class _CarelessSession(MemorySession):
    transaction_type = _Careless


class IgnoresAcknowledgements(MemoryLaneLog):
    """Commits without having looked at what became of the writes."""

    session_type = _CarelessSession
