"""A worker process with its lanes and its feed: it may freeze, lose its group, or be killed."""

import asyncio
import contextvars
import random
from collections.abc import Coroutine, Iterable
from typing import Any

from agents.lane.lanes import Lanes
from agents.lane.limits import LaneLimits
from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.memory_lane import MemoryFeed
from agents.lane.port import Partition
from agents.lane.status import LaneState, WorkerStatus
from agents.lane.wording import OperatorCommands
from tests.simulation.network import SimulatedLog, sender
from tests.simulation.setup import CHANGELOG, Setup

LIMITS = LaneLimits(open_s_max=10, batch_s_max=5, close_s_max=1, backoff_s_max=2)


class Worker:
    """A `Sender`. What it does, it does in tasks that carry its name."""

    def __init__(self, name: str, log: SimulatedLog, setup: Setup, chance: random.Random) -> None:
        self.name = name
        self.dead = False
        self.generation = 0
        self._joining = 0
        self._ended = False
        self._faults = setup.faults
        self._checks_generation = setup.checks_generation
        self._log = log
        self._chance = chance
        self._thawed = asyncio.Event()
        self._thawed.set()
        self._context = contextvars.copy_context()
        self._context.run(sender.set, self)
        self._feed = MemoryFeed(
            log,
            hungry=self._is_hungry,
            deliver=self._deliver,
            interrupt=self._interrupt,
            batch_records_max=chance.choice((1, 5, 30, 100)),
        )
        self.lanes = Lanes(
            log_of=lambda partition: setup.lane_log(log, partition, CHANGELOG),
            feed=self._feed,
            handler=setup.handler(),
            limits=LIMITS,
            status=WorkerStatus(),
            jitter=random.Random(chance.random()),
            commands=OperatorCommands(skip="skip"),
        )
        self._feeding = self.spawn(self._feed.run())

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task of this worker."""
        return asyncio.get_running_loop().create_task(work, context=self._context)

    @property
    def frozen(self) -> bool:
        return not self._thawed.is_set()

    @property
    def serves(self) -> bool:
        """Whether any of its lanes serves, or is about to write."""
        lanes = self.lanes.status.lanes.values()
        return any(lane.state is LaneState.SERVING for lane in lanes)

    async def runs(self) -> None:
        """See `Sender`."""
        await self._thawed.wait()
        if self.dead:
            raise LogFailure("this worker is dead")

    def freeze(self) -> None:
        """Stop it, as SIGSTOP does."""
        self._thawed.clear()

    def thaw(self) -> None:
        """Let it go on, as SIGCONT does."""
        self._thawed.set()

    def crash(self) -> None:
        """See `Sender`: from now on nothing it does has an effect."""
        self.dead = True
        self.thaw()

    async def assign(self, generation: int, partitions: Iterable[Partition]) -> None:
        """Hear of an assignment."""
        await self._thawed.wait()
        if self._ended or generation < self._joining or generation <= self.generation:
            return
        self.generation = generation
        await self.lanes.assign(partitions, lambda: self._is_current(generation))

    async def revoke(self, generation: int) -> None:
        """Give everything up, to take part in this generation and in none before."""
        await self._thawed.wait()
        self._joining = max(self._joining, generation)
        if self._faults.careful_group:
            await self.lanes.close()
        else:
            await self.lanes.hold()

    def leave(self, generation: int) -> None:
        """Hear that the group has gone on without it; its lanes do not know yet."""
        self.generation = max(self.generation, generation)

    async def end(self) -> None:
        """Stop everything, in order or, when dead, without an effect."""
        self._ended = True
        self.thaw()
        await self.lanes.close()
        self._feeding.cancel()
        await asyncio.wait([self._feeding])

    def _is_current(self, generation: int) -> bool:
        return self.generation == generation or not self._checks_generation

    def _is_hungry(self, partition: Partition) -> bool:
        return not self.dead and self.lanes.hungry(partition)

    def _deliver(self, batch: FetchedBatch) -> None:
        roll = 1.0 if self._log.calm else self._chance.random()
        if roll < self._faults.batch_lost:
            self._log.trace.fault("batch lost", f"{self.name} {batch.partition.number}")
            return
        self.lanes.deliver(batch)
        if roll < self._faults.batch_lost + self._faults.batch_doubled:
            self._log.trace.fault("batch doubled", f"{self.name} {batch.partition.number}")
            asyncio.get_running_loop().call_later(
                self._chance.expovariate(2), self.lanes.deliver, batch
            )

    def _interrupt(self, partition: Partition, reason: str) -> None:
        self.lanes.interrupt(partition, reason)
