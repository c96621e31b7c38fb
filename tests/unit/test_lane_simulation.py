"""Workers that fail, hang, stop in mid-air and come back, on a log that fails: seeded worlds.

Goal: whatever happens, a reader of committed data finds every record decided once, in order, and
rows that count exactly. Method: random mishaps for some minutes of virtual time, then calm, and a
comparison with a recount of the input. A failing seed reproduces its world step by step.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from agents.lane.limits import LaneLimits
from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from tests.unit.lane_rig import INPUT, Counting, Rig, new_log, publish, rows, until, verdicts
from tests.unit.virtual_time import in_virtual_time

SEEDS = range(int(os.environ.get("LANE_SEEDS", "20")))
PARTITIONS = (Partition(INPUT, 0), Partition(INPUT, 1), Partition(INPUT, 2))
KEYS = (b"a", b"b", b"c", b"d")
MINUTE_S = 60.0
LIMITS = LaneLimits(open_s_max=10, batch_s_max=5, close_s_max=1, backoff_s_max=2)


class Worker:
    """A rig that may be frozen: then none of its operations returns until it is thawed."""

    def __init__(self, world: "World", number: int) -> None:
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.generation = 0
        self.rig = Rig(
            world.log,
            Counting(),
            limits=LIMITS,
            batch_records_max=world.chance.randint(1, 5),
            seed=number,
            on_the_way=world.mishap,
        )
        self.feeding = asyncio.ensure_future(self.rig.feed.run())

    async def assign(self, partitions: Sequence[Partition]) -> None:
        self.generation += 1
        generation = self.generation
        await self.rig.lanes.assign(partitions, lambda: self.generation == generation)

    async def end(self) -> None:
        self.thawed.set()
        await self.rig.lanes.close()
        self.feeding.cancel()


current: ContextVar[Worker | None] = ContextVar("current", default=None)


class World:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.log = new_log(len(PARTITIONS))
        self.log.step = self._step
        self.calm = False
        self.workers: list[Worker] = []

    async def _step(self, operation: str, _partition: Partition) -> None:
        worker = current.get()
        await asyncio.sleep(self.chance.expovariate(100) if not self.calm else 0.001)
        if worker is not None:
            await worker.thawed.wait()
        if self.calm:
            return
        if self.chance.random() < 0.02:
            raise LogFailure(f"injected at {operation}")
        if operation != "fetch" and self.chance.random() < 0.002:
            await asyncio.Event().wait()

    def mishap(self, batch: FetchedBatch) -> Sequence[FetchedBatch]:
        roll = self.chance.random() if not self.calm else 1.0
        if roll < 0.05:
            return []
        return [batch, batch] if roll < 0.1 else [batch]

    async def start_worker(self) -> None:
        worker = Worker.__new__(Worker)
        token = current.set(worker)
        worker.__init__(self, len(self.workers))  # type: ignore[misc]  # its tasks inherit it
        current.reset(token)
        self.workers.append(worker)

    async def assign(self, *, only: Worker | None = None) -> None:
        """Deal the partitions out; a worker that is frozen hears nothing of it."""
        awake = [only] if only else [each for each in self.workers if each.thawed.is_set()]
        for worker in awake:
            await worker.rig.lanes.hold()
        await asyncio.sleep(self.chance.expovariate(5))
        dealt: dict[int, list[Partition]] = {id(worker): [] for worker in awake}
        for partition in PARTITIONS:
            if awake:
                dealt[id(self.chance.choice(awake))].append(partition)
        for worker in awake:
            token = current.set(worker)
            await worker.assign(dealt[id(worker)])
            current.reset(token)

    async def trouble(self) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + MINUTE_S
        while loop.time() < end_s:
            await asyncio.sleep(self.chance.expovariate(5))
            match self.chance.randrange(8):
                case 0:
                    await self.assign()
                case 1:
                    self.chance.choice(self.workers).thawed.clear()
                    await self.assign()
                case 2:
                    self.chance.choice(self.workers).thawed.set()
                case 3:
                    self._publish_in_a_transaction()
                case _:
                    keys = self.chance.choices(KEYS, k=self.chance.randint(1, 6))
                    publish(self.log, *keys, partition=self.chance.choice(PARTITIONS))

    def _publish_in_a_transaction(self) -> None:
        transaction = self.log.begin()
        for _ in range(self.chance.randint(1, 3)):
            record = (self.chance.choice(KEYS), b"", ())
            self.log.append(self.chance.choice(PARTITIONS), record, transaction=transaction)
        self.log.end(transaction, commit=self.chance.random() < 0.5)

    async def settle(self) -> None:
        self.calm = True
        for worker in self.workers:
            worker.thawed.set()
        await self.assign(only=self.workers[0])
        for worker in self.workers[1:]:
            await worker.end()
        positions = self.workers[0].rig.status.lane
        await until(
            lambda: all(
                positions(partition).position == self.log.stored(partition).end
                for partition in PARTITIONS
            )
        )
        await self.workers[0].end()


def check(log: MemoryLog) -> None:
    for partition in PARTITIONS:
        counts: Counter[bytes] = Counter()
        expected: list[bytes] = []
        for record in log.readable(partition):
            key = record.key or b""
            counts[key] += 1
            expected.append(b"%d:%d" % (record.offset, counts[key]))
        assert verdicts(log, partition.number) == expected
        assert rows(log, partition.number) == {key: b"%d" % n for key, n in counts.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_is_decided_once_in_every_world(seed: int) -> None:
    async def scenario() -> None:
        print(f"seed {seed}")  # noqa: T201 - shown when it fails
        world = World(seed)
        for _ in range(3):
            await world.start_worker()
        await world.assign()
        await world.trouble()
        await world.settle()
        check(world.log)
        assert sum(len(world.log.readable(each)) for each in PARTITIONS) > 100

    in_virtual_time(scenario())
