"""A worker that delivers, on a log in memory, and the world outside that it delivers to."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from structlog.testing import capture_logs

from agents.delivery.lanes import DeliveryLanes
from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Bounds, Delivery
from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import MemoryFeed
from agents.lane.port import InputRecord, Partition
from agents.lane.status import LaneState, WorkerStatus
from tests.unit.lane_rig import INPUT, ZERO
from tests.unit.virtual_time import in_virtual_time

Answer = Callable[[str, InputRecord], float | BaseException | None]
"""What comes of a try to a destination: done, a pause, or an error."""


@dataclass(frozen=True)
class Arrival:
    """What a destination has got."""

    destination: str
    key: bytes | None
    offset: int


class Outside:
    """Everything that was delivered, in order, and how tries are answered."""

    def __init__(self, *destinations: str) -> None:
        self.destinations = destinations or ("a",)
        self.answer: Answer = lambda _destination, _record: None
        self.took_s = 0.01
        self.arrived: list[Arrival] = []
        self.tried: list[Arrival] = []
        self.under_way: defaultdict[str, int] = defaultdict(int)
        self.at_once_seen = 0

    def deliveries(self, _partition: Partition, record: InputRecord) -> Sequence[Delivery]:
        if record.value == b"nothing":
            return ()
        if record.value == b"defect":
            raise ValueError("a key and a value")
        return [_ToOutside(self, each, record) for each in self.destinations]

    def offsets(self, destination: str = "a", key: bytes | None = None) -> list[int]:
        return [
            each.offset
            for each in self.arrived
            if each.destination == destination and key in (None, each.key)
        ]


class _ToOutside:
    def __init__(self, outside: Outside, destination: str, record: InputRecord) -> None:
        self.destination = destination
        self._outside = outside
        self._record = record

    async def attempt(self) -> float | None:
        outside, record = self._outside, self._record
        arrival = Arrival(self.destination, record.key, record.offset)
        outside.tried.append(arrival)
        outside.under_way[self.destination] += 1
        outside.at_once_seen = max(outside.at_once_seen, outside.under_way[self.destination])
        try:
            await asyncio.sleep(outside.took_s)
        finally:
            outside.under_way[self.destination] -= 1
        answer = outside.answer(self.destination, record)
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            outside.arrived.append(arrival)
        return answer


class MemoryPositions:
    """The group's offsets in the log in memory.

    `fails` makes the next requests fail; a worker that is `fenced` commits nothing, as a member
    whose partitions are others' by now.
    """

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.fails = 0
        self.fenced = False
        self.commits: list[Mapping[Partition, int]] = []

    async def committed(self, partition: Partition) -> int | None:
        await self._request()
        return self.log.group_offsets.get(partition)

    async def bounds(self, partition: Partition) -> Bounds:
        await self._request()
        stored = self.log.stored(partition)
        return Bounds(stored.start, stored.end)

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        await self._request()
        if self.fenced:
            raise LogFailure("fenced")
        self.commits.append(dict(positions))
        self.log.group_offsets |= positions

    async def _request(self) -> None:
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise LogFailure("injected")


class Worker:
    """A worker: its lanes, its feed and its numbers."""

    def __init__(
        self,
        log: MemoryLog,
        outside: Outside,
        *,
        limits: DeliveryLimits | None = None,
        batch_records_max: int = 3,
        seed: int = 0,
    ) -> None:
        self.log = log
        self.status = WorkerStatus()
        self.positions = MemoryPositions(log)
        self.feed = MemoryFeed(
            log,
            hungry=self._is_hungry,
            deliver=self._deliver,
            interrupt=self._interrupt,
            batch_records_max=batch_records_max,
        )
        self.lanes = DeliveryLanes(
            feed=self.feed,
            positions=self.positions,
            courier=outside,
            limits=limits or DeliveryLimits(),
            status=self.status,
            jitter=random.Random(seed),
        )

    def _deliver(self, batch: FetchedBatch) -> None:
        self.lanes.deliver(batch)

    def _is_hungry(self, partition: Partition) -> bool:
        return self.lanes.hungry(partition)

    def _interrupt(self, partition: Partition, reason: str) -> None:
        self.lanes.interrupt(partition, reason)

    async def feed_on(self) -> None:
        """Fetch until cancelled; a lane that gets hungry says so to nobody."""
        while True:
            if not await self.feed.deliver_once():
                await asyncio.sleep(0.1)

    async def reach(self, state: LaneState, partition: Partition = ZERO) -> None:
        await reached(lambda: self.status.lane(partition).state is state)

    async def catch_up(self, partition: Partition = ZERO) -> None:
        """Wait until everything that can be read is done, and committed."""
        await reached(
            lambda: self.log.group_offsets.get(partition) == self.log.stored(partition).end
        )


@asynccontextmanager
async def delivering(worker: Worker, *partitions: Partition) -> AsyncIterator[Worker]:
    """Assign partitions to a worker for the time of the block; end in good order."""
    feeding = asyncio.ensure_future(worker.feed_on())
    await worker.lanes.assign(partitions or (ZERO,), lambda: True)
    try:
        yield worker
    finally:
        await worker.lanes.close()
        feeding.cancel()


async def reached(condition: Callable[[], bool]) -> None:
    """Wait in virtual time, an hour at most."""
    async with asyncio.timeout(3600):
        while not condition():  # noqa: ASYNC110 - virtual time: nobody is kept busy
            await asyncio.sleep(0.1)


def new_input(partition_count: int = 1) -> MemoryLog:
    log = MemoryLog()
    log.create_topic(INPUT, partition_count)
    return log


def limits(**changes: float) -> DeliveryLimits:
    return replace(DeliveryLimits(), **changes)


def run(scenario: Coroutine[Any, Any, None]) -> list[dict[str, Any]]:
    """Run a scenario in virtual time; returns what was logged."""
    with capture_logs() as lines:
        in_virtual_time(scenario)
    return [dict(line) for line in lines]
