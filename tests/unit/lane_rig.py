"""A worker's lanes on a log in memory, and what a reader of its outputs finds."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from agents.lane.lanes import Lanes
from agents.lane.limits import LaneLimits
from agents.lane.log import FetchedBatch
from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import MemoryFeed, MemoryLaneLog
from agents.lane.port import BatchResult, InputRecord, OutgoingRecord, Partition, Rows
from agents.lane.status import LaneState, WorkerStatus
from agents.lane.wording import OperatorCommands

INPUT, OUTPUT, CHANGELOG = "in", "out", "changelog"
ZERO, ONE = Partition(INPUT, 0), Partition(INPUT, 1)


class Counting:
    """One verdict for a record, which says how often its key was seen; a row for a key."""

    row_format = 1

    def __init__(
        self,
        refuses: Callable[[Sequence[InputRecord]], Exception | None] | None = None,
        *,
        output: str = OUTPUT,
    ) -> None:
        self.refuses = refuses
        self.output = output
        self.batches: list[list[int]] = []

    def __call__(
        self, _partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        error = self.refuses(records) if self.refuses else None
        if error is not None:
            raise error
        self.batches.append([record.offset for record in records])
        counts: dict[bytes, int] = {}
        verdicts: list[OutgoingRecord] = []
        for record in records:
            key = record.key or b""
            counts[key] = 1 + (counts.get(key) or int(rows.get(key) or b"0"))
            verdicts.append((key, b"%d:%d" % (record.offset, counts[key]), []))
        return BatchResult({self.output: verdicts}, {k: b"%d" % n for k, n in counts.items()})

    def dead_letter(
        self, _partition: Partition, record: InputRecord, code: str, _message: str
    ) -> BatchResult:
        return BatchResult(
            {self.output: [(record.key, f"{record.offset}:{code}".encode(), [])]}, {}
        )


def refusing(*offsets: int) -> Callable[[Sequence[InputRecord]], Exception | None]:
    def refuse(records: Sequence[InputRecord]) -> Exception | None:
        refused = [each.offset for each in records if each.offset in offsets]
        return ValueError(f"no: {refused}") if refused else None

    return refuse


def new_log(partition_count: int = 1) -> MemoryLog:
    log = MemoryLog()
    for topic in (INPUT, OUTPUT, CHANGELOG):
        log.create_topic(topic, partition_count)
    return log


def publish(log: MemoryLog, *keys: bytes, partition: Partition = ZERO) -> None:
    for key in keys:
        log.append(partition, (key, b"", ()))


def verdicts(log: MemoryLog, number: int = 0) -> list[bytes]:
    return [record.value or b"" for record in log.readable(Partition(OUTPUT, number))]


def rows(log: MemoryLog, number: int = 0) -> dict[bytes, bytes]:
    return {
        record.key or b"": record.value or b""
        for record in log.readable(Partition(CHANGELOG, number))
        if not (record.key or b"").startswith(b"\x00")
    }


class Rig:
    """A worker: its lanes, its feed and its numbers."""

    def __init__(
        self,
        log: MemoryLog,
        handler: Counting | None = None,
        *,
        limits: LaneLimits | None = None,
        batch_records_max: int = 3,
        waiting_records_max: int | None = None,
        seed: int = 0,
        on_the_way: Callable[[FetchedBatch], Sequence[FetchedBatch]] = lambda batch: [batch],
    ) -> None:
        self.log = log
        self.handler = handler or Counting()
        self.status = WorkerStatus()
        self._on_the_way = on_the_way
        self.feed = MemoryFeed(
            log,
            hungry=self._is_hungry,
            deliver=self._deliver,
            interrupt=self._interrupt,
            batch_records_max=batch_records_max,
        )
        self.lanes = Lanes(
            log_of=lambda partition: MemoryLaneLog(log, partition, CHANGELOG),
            feed=self.feed,
            handler=self.handler,
            limits=replace(
                limits or LaneLimits(transaction_interval_s_min=0),
                waiting_records_max=waiting_records_max or batch_records_max,
            ),
            status=self.status,
            jitter=random.Random(seed),
            commands=OperatorCommands(skip="skip --as-told", reset="reset --as-told"),
        )

    def _deliver(self, batch: FetchedBatch) -> None:
        for each in self._on_the_way(batch):
            self.lanes.deliver(each)

    def _is_hungry(self, partition: Partition) -> bool:
        return self.lanes.hungry(partition)

    def _interrupt(self, partition: Partition, reason: str) -> None:
        self.lanes.interrupt(partition, reason)

    async def reach(self, state: LaneState, partition: Partition = ZERO) -> None:
        await until(lambda: self.status.lane(partition).state is state)

    async def catch_up(self, partition: Partition = ZERO) -> None:
        """Wait until everything that can be read is committed."""
        await until(lambda: self.status.lane(partition).position == self.log.stored(partition).end)


@asynccontextmanager
async def serving(rig: Rig, *partitions: Partition) -> AsyncIterator[Rig]:
    """Assign partitions to a worker for the time of the block; end in good order."""
    feeding = asyncio.ensure_future(rig.feed.run())
    await rig.lanes.assign(partitions or (ZERO,), lambda: True)
    try:
        yield rig
    finally:
        await rig.lanes.close()
        feeding.cancel()


async def until(condition: Callable[[], bool], *, within_s: float = 3600.0) -> None:
    """Wait in virtual time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - virtual time: nobody is kept busy
            await asyncio.sleep(0.01)
