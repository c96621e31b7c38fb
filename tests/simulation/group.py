"""The group's coordinator: who has which partitions, and who has not heard of it yet.

Eager, as Faust's: for each generation everybody gives up everything, and whoever does not answer
in time is left behind. Those go on serving until they hear that the group has gone on without them.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

from agents.lane.port import Partition
from tests.simulation.faults import Faults
from tests.simulation.trace import Trace
from tests.simulation.worker import Worker

REBALANCE_S_MAX = 2.0
"""What members get to give up their partitions; then the group goes on without the others."""


class Group:
    """Deals the partitions out."""

    def __init__(
        self,
        partitions: Sequence[Partition],
        workers: Callable[[], Sequence[Worker]],
        in_transactions: Callable[[], bool],
        *,
        faults: Faults,
        trace: Trace,
        chance: random.Random,
    ) -> None:
        self.generation = 0
        self._partitions = partitions
        self._workers = workers
        self._in_transactions = in_transactions
        self._faults = faults
        self._trace = trace
        self._chance = chance
        self._changing = asyncio.Lock()
        self._telling: list[asyncio.Task[None]] = []

    async def rebalance(self, *, without: Worker | None = None) -> None:
        """A new generation of all workers that answer, but for the one that seems to be gone."""
        async with self._changing:
            self.generation += 1
            generation = self.generation
            self._trace.counts["rebalance amid a transaction"] += self._in_transactions()
            members = [each for each in self._workers() if each is not without]
            for worker in self._workers():
                if worker is without:
                    self._leave_behind(worker, generation)
            joined = await self._joined(members, generation)
            dealt: dict[str, list[Partition]] = {worker.name: [] for worker in joined}
            for partition in self._partitions:
                if joined:
                    dealt[self._chance.choice(joined).name].append(partition)
            self._trace.fault("rebalance", f"{generation}: {dealt}")
            for worker in joined:
                self._telling.append(worker.spawn(self._tell(worker, generation, dealt)))

    async def settled(self) -> None:
        """Wait until everybody has heard everything."""
        while self._telling:
            await self._telling.pop()

    async def _joined(self, members: Sequence[Worker], generation: int) -> list[Worker]:
        """Those of the members that give up their partitions in time, in order."""
        revoking = {
            worker.name: worker.spawn(self._revoke(worker, generation)) for worker in members
        }
        if revoking:
            await asyncio.wait(revoking.values(), timeout=REBALANCE_S_MAX)
        joined: list[Worker] = []
        for worker in members:
            if worker.dead:
                continue
            if revoking[worker.name].done():
                joined.append(worker)
            else:
                self._leave_behind(worker, generation)
        self._telling += revoking.values()
        return joined

    async def _revoke(self, worker: Worker, generation: int) -> None:
        await asyncio.sleep(self._chance.expovariate(20))
        await worker.revoke(generation)

    async def _tell(
        self, worker: Worker, generation: int, dealt: dict[str, list[Partition]]
    ) -> None:
        await asyncio.sleep(self._chance.expovariate(20))
        await worker.assign(generation, dealt[worker.name])

    def _leave_behind(self, worker: Worker, generation: int) -> None:
        if worker.dead:
            return
        self._trace.fault("zombie", f"{worker.name} of generation {worker.generation}")
        if self._faults.careful_group:
            worker.leave(generation)
        self._telling.append(worker.spawn(self._tell_late(worker, generation)))

    async def _tell_late(self, worker: Worker, generation: int) -> None:
        """Its consumer hears it first, and its lanes still later."""
        await self._passes(worker)
        worker.leave(generation)
        await self._passes(worker)
        if worker.generation == generation:
            await worker.revoke(generation)

    async def _passes(self, worker: Worker) -> None:
        await asyncio.sleep(self._chance.expovariate(1 / self._faults.told_s))
        if not worker.dead:
            await worker.runs()
