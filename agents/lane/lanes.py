"""The lanes of one worker: which partitions it serves, and who gets which batch.

Owns the set of lanes and what an assignment of the group does to it: lanes of partitions that stay
are held meanwhile and go on with their rows; the others are closed or opened.
"""

import asyncio
import random
from collections.abc import Callable, Iterable

from agents.lane.lane_set import LaneSet
from agents.lane.limits import LaneLimits
from agents.lane.log import Feed, LaneLog
from agents.lane.port import BatchHandler, Partition
from agents.lane.protocol import Lane
from agents.lane.status import WorkerStatus
from agents.lane.wording import OperatorCommands


class Lanes(LaneSet[Lane]):
    """All lanes of a worker. Used from one event loop only."""

    def __init__(
        self,
        *,
        log_of: Callable[[Partition], LaneLog],
        feed: Feed,
        handler: BatchHandler,
        limits: LaneLimits,
        status: WorkerStatus,
        jitter: random.Random,
        commands: OperatorCommands,
    ) -> None:
        """Prepare an empty set.

        Args:
            log_of: the log as the lane of a partition sees it.
            feed: delivers batches.
            handler: decides, for all lanes.
            limits: bound every wait of every lane.
            status: where the lanes write what they do.
            jitter: spreads pauses.
            commands: what a lane tells an operator to type.
        """
        super().__init__(status)
        self._log_of = log_of
        self._feed = feed
        self._handler = handler
        self._limits = limits
        self._jitter = jitter
        self._commands = commands
        self._changing = asyncio.Lock()
        self._turn = asyncio.Lock()

    async def assign(self, partitions: Iterable[Partition], assigned: Callable[[], bool]) -> None:
        """Serve these partitions and no others; `assigned` tells whether that still holds.

        Returns when the lanes that leave are closed; those that come open by themselves.
        """
        staying = frozenset(partitions)
        async with self._changing:
            await self._hold_all()
            await self._close(frozenset(self._lanes) - staying)
            self.status.rebalances += 1
            self.status.assigned = staying
            self.status.is_dealing = False
            for partition in sorted(staying):
                if partition in self._lanes:
                    self._lanes[partition].release(assigned)
                else:
                    self._open(partition, assigned)

    def _open(self, partition: Partition, assigned: Callable[[], bool]) -> None:
        lane = Lane(
            partition,
            log=self._log_of(partition),
            feed=self._feed,
            handler=self._handler,
            limits=self._limits,
            status=self.status.lane(partition),
            jitter=self._jitter,
            turn=self._turn,
            assigned=assigned,
            commands=self._commands,
        )
        self._lanes[partition] = lane
        lane.start()

    async def hold(self) -> None:
        """Let every lane rest until the next assignment; when this returns, none of them writes."""
        async with self._changing:
            await self._hold_all()

    async def close(self) -> None:
        """Close every lane; when this returns, none of them writes any more."""
        async with self._changing:
            await self._close(frozenset(self._lanes))

    async def _hold_all(self) -> None:
        self.status.assigned = frozenset()
        self.status.is_dealing = True
        held = await asyncio.gather(*(lane.hold() for lane in self._lanes.values()))
        for partition, kept in zip(tuple(self._lanes), held, strict=True):
            if not kept:
                del self._lanes[partition]

    async def _close(self, partitions: frozenset[Partition]) -> None:
        self.status.assigned -= partitions
        # Sorted, so that a simulated run takes the same steps whatever hashes are like.
        closing = sorted(partitions)
        await asyncio.gather(*(self._lanes[partition].close() for partition in closing))
        for partition in closing:
            del self._lanes[partition]
