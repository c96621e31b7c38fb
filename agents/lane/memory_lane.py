"""A lane's side of the broker in memory: its log, its sessions, its transactions and its feed."""

from collections.abc import Callable, Mapping, Sequence

from agents.lane.log import Bounds, FetchedBatch, LogFailure, LogRefusal, Restored
from agents.lane.memory import MemoryLog
from agents.lane.port import BatchResult, InputRecord, OutgoingRecord, Partition

RECORD_BYTES_MAX = 1_000_000
"""A larger key and value are refused, as a broker does by its topics' limits."""


class MemoryLaneLog:
    """The log in memory as the lane of one input partition sees it; a `LaneLog`."""

    def __init__(self, log: MemoryLog, partition: Partition, changelog_topic: str) -> None:
        """Look at `log` from an input partition."""
        self._log = log
        self._partition = partition
        self._changelog = Partition(changelog_topic, partition.number)

    async def open(self) -> "MemorySession":
        """See `LaneLog`."""
        await self._log.step("open", self._partition)
        epoch = self._log.fence(self._partition)
        return MemorySession(self._log, self._partition, self._changelog, epoch)

    async def bounds(self) -> Bounds:
        """See `LaneLog`."""
        await self._log.step("bounds", self._partition)
        stored = self._log.stored(self._partition)
        count = self._log.partition_count(self._partition.topic)
        return Bounds(stored.start, stored.end, count)

    async def changelog_end(self) -> int:
        """See `LaneLog`."""
        await self._log.step("changelog_end", self._partition)
        return self._log.stored(self._changelog).end

    async def first_record(self, offset: int) -> InputRecord | None:
        """See `LaneLog`."""
        batch = await self._log.fetch(self._partition, offset, 1)
        return next(iter(batch.records), None)


class MemorySession:
    """A fenced session in memory; a `Session`."""

    def __init__(
        self, log: MemoryLog, partition: Partition, changelog: Partition, epoch: int
    ) -> None:
        """See `MemoryLaneLog.open`."""
        self.log = log
        self.partition = partition
        self.changelog = changelog
        self.epoch = epoch

    async def restore(self) -> Restored:
        """See `Session`."""
        await self.log.step("restore", self.partition)
        stored = self.log.stored(self.changelog)
        if any(not record.decided for record in stored.records):
            raise LogFailure("a transaction of somebody else is open in the changelog")
        rows: dict[bytes, bytes] = {}
        records = self.log.readable(self.changelog)
        for record in records:
            if record.value is None:
                rows.pop(record.key or b"", None)
            else:
                rows[record.key or b""] = record.value
        return Restored(rows, stored.end, len(records))

    def compose(self) -> "MemoryComposition":
        """See `Session`."""
        return MemoryComposition(self)

    async def close(self) -> None:
        """See `Session`."""
        self.log.abort_in(self.partition, self.epoch)


class MemoryComposition:
    """A transaction in memory that is being put together; a `Composition`."""

    def __init__(self, session: MemorySession) -> None:
        """See `MemorySession.compose`."""
        self._session = session
        self._outgoing: dict[str, list[OutgoingRecord]] = {}
        self._latest: dict[str, dict[bytes, OutgoingRecord]] = {}
        self._rows: dict[bytes, bytes | None] = {}

    def add(self, result: BatchResult) -> None:
        """See `Composition`."""
        for topic, records in result.outgoing.items():
            self._outgoing.setdefault(topic, []).extend(records)
        for topic, by_key in result.latest.items():
            self._latest.setdefault(topic, {}).update(by_key)
        self._rows.update(result.rows)

    def complete(self, reserved: Mapping[bytes, bytes], next_offset: int) -> "MemoryTransaction":
        """See `Composition`."""
        session = self._session
        number = session.partition.number
        changelog = {**self._rows, **reserved}
        return MemoryTransaction(
            session,
            [
                *((Partition(topic, number), each) for topic, each in self._outgoing.items()),
                *(
                    (Partition(topic, number), list(by_key.values()))
                    for topic, by_key in self._latest.items()
                ),
                (session.changelog, [(key, value, ()) for key, value in changelog.items()]),
            ],
            next_offset,
        )


class MemoryTransaction:
    """A transaction in memory; a `Transaction`."""

    def __init__(
        self,
        session: MemorySession,
        records: Sequence[tuple[Partition, Sequence[OutgoingRecord]]],
        next_offset: int,
    ) -> None:
        """See `MemoryComposition.complete`."""
        self._session = session
        self._records = records
        self._next_offset = next_offset

    async def commit(self) -> None:
        """See `Transaction`. Steps: `begin`, `write` per topic, `commit`, `committed`."""
        session = self._session
        await session.log.step("begin", session.partition)
        transaction = session.log.begin_in(session.partition, session.epoch)
        for partition, records in self._records:
            await session.log.step("write", session.partition)
            for record in records:
                if len(record[0] or b"") + len(record[1] or b"") > RECORD_BYTES_MAX:
                    raise LogRefusal("the record is larger than the topic takes")
                session.log.append(partition, record, transaction=transaction)
        await session.log.step("commit", session.partition)
        session.log.commit_in(session.partition, session.epoch, self._next_offset)
        await session.log.step("committed", session.partition)


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
        self._log.changed.set()

    def stop(self, partition: Partition) -> None:
        """See `Feed`."""
        self._positions.pop(partition, None)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            self._log.changed.clear()
            if not await self.deliver_once():
                await self._log.changed.wait()

    async def deliver_once(self) -> bool:
        """Fetch once for every lane that is hungry; return whether anything was delivered."""
        delivered = False
        for partition, position in list(self._positions.items()):
            if not self._hungry(partition):
                continue
            try:
                batch = await self._log.fetch(partition, position, self._batch_records_max)
            except LogFailure as failure:
                self._interrupt(partition, str(failure))
                continue
            if self._positions.get(partition) == position and batch.after != position:
                self._positions[partition] = batch.after
                self._deliver(batch)
                delivered = True
        return delivered
