"""The workers of a simulated run, and what befalls them: killed, frozen, cut off, come and gone."""

import asyncio
import random
from collections.abc import Sequence

from agents.lane.port import Partition
from tests.simulation.group import Group
from tests.simulation.network import SimulatedLog
from tests.simulation.setup import Setup
from tests.simulation.worker import Worker

WORKERS_MIN, WORKERS_MAX = 2, 5


class Cluster:
    """Every trouble is noted in the log's trace."""

    def __init__(
        self, log: SimulatedLog, inputs: Sequence[Partition], setup: Setup, chance: random.Random
    ) -> None:
        self._log = log
        self._setup = setup
        self._chance = chance
        self._workers: list[Worker] = []
        self._started = 0
        self._aftermath: list[asyncio.Task[None]] = []
        self._group = Group(
            inputs,
            lambda: self._workers,
            lambda: bool(log.transactions.open()),
            faults=setup.faults,
            trace=log.trace,
            chance=chance,
        )

    async def start(self) -> None:
        """Start some workers and deal the partitions out."""
        for _ in range(self._chance.randint(WORKERS_MIN, WORKERS_MAX)):
            self._start_worker()
        await self._group.rebalance()

    async def trouble(self, kind: str) -> None:
        """Let this happen to a worker, if there is one that it can happen to."""
        self._bury_the_dead()
        running = [each for each in self._workers if not (each.dead or each.frozen)]
        if not running:
            return
        worker = self._chance.choice(running)
        match kind:
            case "rebalance":
                await self._group.rebalance()
            case "crash":
                self._log.trace.fault(kind, worker.name)
                worker.crash()
            case "freeze":
                self._log.trace.fault(kind, worker.name)
                worker.freeze()
                self._aftermath.append(asyncio.ensure_future(self._thaw_later(worker)))
                await self._group.rebalance(without=worker)
            case "cut off":
                if not (worker.serves and self._setup.faults.careful_group):
                    self._log.trace.fault(kind, worker.name)
                    await self._group.rebalance(without=worker)
            case "worker joins":
                if len(self._workers) < WORKERS_MAX:
                    self._log.trace.fault(kind)
                    self._start_worker()
                    await self._group.rebalance()
            case "worker leaves":
                if len(running) > WORKERS_MIN:
                    self._log.trace.fault(kind, worker.name)
                    self._workers.remove(worker)
                    await worker.end()
                    await self._group.rebalance()
            case _:
                raise ValueError(kind)

    async def calm_down(self) -> None:
        """One more generation, in which everybody hears everything."""
        for worker in self._workers:
            worker.thaw()
        self._bury_the_dead()
        await asyncio.gather(*self._aftermath)
        await self._group.rebalance()
        await self._group.settled()

    async def end(self) -> None:
        """End every worker."""
        for worker in self._workers:
            await worker.end()

    def _start_worker(self) -> None:
        self._started += 1
        name = f"worker {self._started}"
        self._workers.append(Worker(name, self._log, self._setup, self._chance))

    def _bury_the_dead(self) -> None:
        for worker in [each for each in self._workers if each.dead]:
            self._workers.remove(worker)
            self._aftermath.append(asyncio.ensure_future(self._replace(worker)))

    async def _replace(self, worker: Worker) -> None:
        """End a dead worker's tasks; another takes its place, and the group notices some day."""
        await worker.end()
        await asyncio.sleep(self._chance.expovariate(1))
        self._start_worker()
        await self._group.rebalance()

    async def _thaw_later(self, worker: Worker) -> None:
        await asyncio.sleep(self._chance.expovariate(0.2))
        worker.thaw()
