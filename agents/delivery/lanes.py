"""The deliveries of one worker: which partitions it serves, and when their positions are committed.

Owns the set of lanes, the bound of tries at once to a destination, and the commits. What the host
feeds: a `ServedPartitions`.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress

import structlog

from agents.delivery.lane import DeliveryLane
from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Courier, Positions
from agents.lane.lane_set import LaneSet
from agents.lane.log import Feed, LogFailure
from agents.lane.port import Partition
from agents.lane.status import WorkerStatus

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DeliveryLanes(LaneSet[DeliveryLane]):
    """All lanes of a worker; used from one event loop only.

    Attributes:
        status: what they do. `position` is what is committed, `events` counts records that are
            done, `batches_dropped` what was fetched in vain; there are no transactions.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        positions: Positions,
        courier: Courier,
        limits: DeliveryLimits,
        status: WorkerStatus,
        jitter: random.Random,
    ) -> None:
        """Prepare an empty set.

        Args:
            feed: delivers batches.
            positions: where partitions begin, and how far they are.
            courier: turns records into deliveries, for all lanes.
            limits: bound every wait and every queue.
            status: where the lanes write what they do.
            jitter: spreads pauses.
        """
        super().__init__(status)
        self._feed = feed
        self._positions = positions
        self._courier = courier
        self._limits = limits
        self._jitter = jitter
        self._changing = asyncio.Lock()
        self._committing = asyncio.Lock()
        self._slots: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(limits.at_once_max)
        )
        self._commits: asyncio.Task[None] | None = None

    async def assign(self, partitions: Iterable[Partition], assigned: Callable[[], bool]) -> None:
        """Serve these partitions and no others; one that stays goes on where it was.

        Returns when nothing of those that leave is on its way any more.
        """
        staying = frozenset(partitions)
        async with self._changing:
            await self._rest_all()
            leaving = sorted(self._lanes.keys() - staying)
            await asyncio.gather(*(self._lanes.pop(each).close() for each in leaving))
            if not assigned():
                return  # dealt out anew already; the next assignment is on its way
            self.status.rebalances += 1
            self.status.assigned = staying
            self.status.is_dealing = False
            for partition in sorted(staying):
                if partition not in self._lanes:
                    self._lanes[partition] = self._new_lane(partition)
                self._lanes[partition].release()
            if self._commits is None:
                self._commits = asyncio.create_task(self._commit_regularly(), name="commits")

    def _new_lane(self, partition: Partition) -> DeliveryLane:
        return DeliveryLane(
            partition,
            feed=self._feed,
            positions=self._positions,
            courier=self._courier,
            limits=self._limits,
            status=self.status.lane(partition),
            slot=self._slots.__getitem__,
            jitter=self._jitter,
        )

    async def hold(self) -> None:
        """Let every lane rest, and commit how far they are, as long as the group takes it."""
        async with self._changing:
            await self._rest_all()
            await self._commit()

    async def close(self) -> None:
        """Let every lane finish what is in flight, commit, and give all partitions up."""
        async with self._changing:
            await self._rest_all()
            if self._commits is not None:
                self._commits.cancel()
                with suppress(asyncio.CancelledError):
                    await self._commits
                self._commits = None
            await self._commit()
            await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
            self._lanes.clear()

    async def _rest_all(self) -> None:
        self.status.assigned = frozenset()
        self.status.is_dealing = True
        await asyncio.gather(*(lane.rest() for lane in self._lanes.values()))

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._limits.commit_interval_s)
            await self._commit()

    async def _commit(self) -> None:
        """Commit every position that has moved; one that fails is committed with the next ones."""
        async with self._committing:
            moved: dict[Partition, int] = {}
            for partition, lane in self._lanes.items():
                position = lane.position
                if position is not None and position != self.status.lane(partition).position:
                    moved[partition] = position
            if not moved:
                return
            timestamps = {each: self._lanes[each].last_timestamp_ms for each in moved}
            try:
                async with asyncio.timeout(self._limits.commit_s_max):
                    await self._positions.commit(moved)
            except (LogFailure, TimeoutError) as error:
                reason = str(error) or f"no answer within {self._limits.commit_s_max:g} s"
                _logger.warning("delivery.not-committed", reason=reason)
                return
            for partition, position in moved.items():
                status = self.status.lane(partition)
                status.position = position
                status.last_timestamp_ms = timestamps[partition]
