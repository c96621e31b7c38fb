"""A lane's side of the broker in memory: its log, its sessions, its transactions and its feed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar

from agents.lane.latest import LatestByTopic, merge_latest, to_write
from agents.lane.log import (
    Bounds,
    FetchedBatch,
    LogFailure,
    LogRefusal,
    Restored,
    Transaction,
    untold,
)
from agents.lane.memory import Answer, MemoryLog
from agents.lane.port import BatchResult, InputRecord, OutgoingRecord, Partition
from agents.lane.rows import MemoryRows

RECORD_BYTES_MAX = 1_000_000
"""A larger key and value are refused, as a broker does by its topics' limits."""

PIECE_RECORDS_MAX = 200
"""How many changelog records one request of a recovery reads."""

CLOSE_S_MAX = 2.0
"""How long closing a session waits for the broker; then its transaction is left to the fence."""


class MemoryTransaction:
    """A transaction in memory; a `Transaction`."""

    def __init__(
        self,
        session: "MemorySession",
        records: Sequence[tuple[Partition, Sequence[OutgoingRecord]]],
        next_offset: int,
    ) -> None:
        """See `MemorySession.transaction`."""
        self.session = session
        self._records = records
        self._next_offset = next_offset

    async def commit(self) -> None:
        """See `Transaction`. Steps: `begin`, `write` per topic, `offset`, `commit`, `committed`."""
        session = self.session
        name, transactions = session.transactional_id, session.view.log.transactions
        transaction = await session.request(
            "begin", lambda: transactions.begin(name, session.epoch)
        )
        for partition, records in self._records:
            if any(
                len(key or b"") + len(value or b"") > RECORD_BYTES_MAX for key, value, _ in records
            ):
                raise LogRefusal("the record is larger than the topic takes")
            await self.acknowledged(
                session.request(
                    "write", partial(transactions.write, name, transaction, partition, records)
                )
            )
        await session.request(
            "offset",
            lambda: transactions.add_offset(
                name, transaction, session.view.partition, self._next_offset
            ),
        )
        await session.request("commit", lambda: transactions.commit(name, session.epoch))
        await session.view.log.step("committed", session.view.partition)

    async def acknowledged(self, writing: Awaitable[None]) -> None:
        """Wait until the broker has acknowledged a write; LogFailure when it has not."""
        await writing


class MemorySession:
    """A fenced session in memory; a `Session`.

    Attributes:
        view: the log that it was opened from.
        transactional_id: under which it writes.
        epoch: of its producer.
        transaction_type: what `transaction` returns, as with `MemoryLaneLog.session_type`.
    """

    transaction_type: ClassVar[type[MemoryTransaction]] = MemoryTransaction

    def __init__(self, view: "MemoryLaneLog", transactional_id: str, epoch: int) -> None:
        """See `MemoryLaneLog.open`."""
        self.view = view
        self.transactional_id = transactional_id
        self.epoch = epoch

    async def request(self, operation: str, effect: Callable[[], Answer]) -> Answer:
        """Send a request about the session's partition."""
        return await self.view.log.request(operation, self.view.partition, effect)

    async def restore(self, on_progress: Callable[[int], None] = untold) -> Restored:
        """See `Session`. Reads in pieces: whatever befalls a recovery may befall it in between."""
        log, changelog = self.view.log, self.view.changelog
        stored = log.stored(changelog)
        position, end = await self.request("restore", lambda: (stored.start, stored.end))
        rows = MemoryRows()
        records_read = 0
        while position < end:
            piece = await self.request(
                "restore", partial(log.read, changelog, position, PIECE_RECORDS_MAX)
            )
            if piece.after == position:
                raise LogFailure("a transaction of somebody else is open in the changelog")
            position = piece.after
            changes: dict[bytes, bytes | None] = {}
            for record in piece.records:
                records_read += 1
                changes[record.key or b""] = record.value
            rows.restore(changes, position)
            on_progress(max(0, end - position))
        return Restored(rows, end, records_read)

    async def value_elsewhere(self, key: bytes) -> bytes | None:
        """See `Session`."""
        return await self.request("elsewhere", partial(self._value_elsewhere, key))

    def _value_elsewhere(self, key: bytes) -> bytes | None:
        log, (topic, own) = self.view.log, self.view.changelog
        for number in range(log.partition_count(topic)):
            if number != own:
                for record in reversed(log.readable(Partition(topic, number))):
                    if record.key == key:
                        return record.value
        return None

    def compose(self) -> "MemoryComposition":
        """See `Session`."""
        return MemoryComposition(self)

    def transaction(
        self,
        outgoing: Mapping[str, Sequence[OutgoingRecord]],
        changelog: Mapping[bytes, bytes | None],
        next_offset: int,
    ) -> Transaction:
        """Return the transaction that writes these records by topic, rows and offset."""
        number = self.view.partition.number
        return self.transaction_type(
            self,
            [
                *((Partition(topic, number), records) for topic, records in outgoing.items()),
                (self.view.changelog, [(key, value, ()) for key, value in changelog.items()]),
            ],
            next_offset,
        )

    async def close(self) -> None:
        """See `Session`."""
        with suppress(LogFailure, TimeoutError):
            async with asyncio.timeout(CLOSE_S_MAX):
                await self.request(
                    "abort",
                    lambda: self.view.log.transactions.abort(self.transactional_id, self.epoch),
                )


class MemoryComposition:
    """A transaction in memory that is being put together; a `Composition`."""

    def __init__(self, session: MemorySession) -> None:
        """See `MemorySession.compose`."""
        self._session = session
        self._outgoing: dict[str, list[OutgoingRecord]] = {}
        self._latest: LatestByTopic = {}
        self._rows: dict[bytes, bytes | None] = {}

    def add(self, result: BatchResult) -> None:
        """See `Composition`."""
        for topic, records in result.outgoing.items():
            self._outgoing.setdefault(topic, []).extend(records)
        merge_latest(self._latest, result.latest)
        self._rows.update(result.rows)

    def complete(self, reserved: Mapping[bytes, bytes], next_offset: int) -> Transaction:
        """See `Composition`."""
        latest = {topic: to_write(by_key) for topic, by_key in self._latest.items()}
        return self._session.transaction(
            {**self._outgoing, **latest}, {**self._rows, **reserved}, next_offset
        )


class MemoryLaneLog:
    """The log in memory as the lane of one input partition sees it; a `LaneLog`.

    Attributes:
        session_type: what `open` returns; a simulation puts sessions with a flaw here.
    """

    session_type: ClassVar[type[MemorySession]] = MemorySession

    def __init__(self, log: MemoryLog, partition: Partition, changelog_topic: str) -> None:
        """Look at `log` from an input partition."""
        self.log = log
        self.partition = partition
        self.changelog = Partition(changelog_topic, partition.number)

    async def open(self) -> MemorySession:
        """See `LaneLog`."""
        transactional_id = str(self.partition)
        epoch = await self.log.request(
            "open", self.partition, lambda: self.log.transactions.fence(transactional_id)
        )
        return self.session_type(self, transactional_id, epoch)

    async def bounds(self) -> Bounds:
        """See `LaneLog`."""
        return await self.log.request("bounds", self.partition, self._bounds)

    def _bounds(self) -> Bounds:
        stored = self.log.stored(self.partition)
        return Bounds(stored.start, stored.end, self.log.partition_count(self.partition.topic))

    async def changelog_end(self) -> int:
        """See `LaneLog`."""
        return await self.log.request(
            "changelog_end", self.partition, lambda: self.log.stored(self.changelog).end
        )

    async def first_record(self, offset: int) -> InputRecord | None:
        """See `LaneLog`."""
        batch = await self.log.fetch(self.partition, offset, 1)
        return next(iter(batch.records), None)


class MemoryFeed:
    """Delivers batches from a log in memory; a `Feed`. Run it as a task."""

    def __init__(
        self,
        log: MemoryLog,
        *,
        hungry: Callable[[Partition], bool],
        deliver: Callable[[FetchedBatch], None],
        interrupt: Callable[[Partition, str], None],
        batch_records_max: int,
    ) -> None:
        """Feed whoever these belong to."""
        self._log = log
        self._hungry = hungry
        self._deliver = deliver
        self._interrupt = interrupt
        self._batch_records_max = batch_records_max
        self._positions: dict[Partition, int] = {}

    async def start(self, partition: Partition, offset: int) -> None:
        """See `Feed`."""
        await self._log.step("start", partition)
        self._positions[partition] = offset
        self._log.notify()

    def stop(self, partition: Partition) -> None:
        """See `Feed`."""
        self._positions.pop(partition, None)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            changed = self._log.changed
            if not await self.deliver_once():
                await changed.wait()

    async def deliver_once(self) -> bool:
        """Fetch once for every lane that is hungry; return whether anything was delivered."""
        delivered = False
        for partition, position in list(self._positions.items()):
            if not self._hungry(partition):
                continue
            try:
                if self._log.stored(partition).stable_end == position:
                    continue  # a broker would hold the fetch until there is something
                batch = await self._log.fetch(partition, position, self._batch_records_max)
            except LogFailure as failure:
                self._interrupt(partition, str(failure))
                continue
            if self._positions.get(partition) == position and batch.after != position:
                self._positions[partition] = batch.after
                self._deliver(batch)
                delivered = True
        return delivered
