"""One partition's way to the outside: where it is read from, what of it is done.

Owns what is fetched and the position that may be committed. Must never commit: `lanes` does, for
all partitions together.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

import structlog

from agents.delivery.backoff import Backoff
from agents.delivery.limits import DeliveryLimits
from agents.delivery.opening import first_position
from agents.delivery.port import Courier, Positions
from agents.delivery.prefix import Prefix
from agents.delivery.strands import Strands, Way
from agents.lane.log import Feed, FetchedBatch, LogFailure
from agents.lane.port import Partition
from agents.lane.status import LaneState, LaneStatus
from agents.lane.wording import told

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DeliveryLane:
    """One partition of a worker; used from one event loop only."""

    def __init__(
        self,
        partition: Partition,
        *,
        feed: Feed,
        positions: Positions,
        courier: Courier,
        limits: DeliveryLimits,
        status: LaneStatus,
        slot: Callable[[str], AbstractAsyncContextManager[None]],
        jitter: random.Random,
    ) -> None:
        """Prepare; `release` begins.

        Args:
            partition: what is read.
            feed: delivers its batches to `take`.
            positions: where it begins.
            courier: turns records into deliveries.
            limits: bound every wait.
            status: where the lane writes what it does.
            slot: entered for each try to a destination; waits while there are too many.
            jitter: spreads pauses.
        """
        self.partition = partition
        self._feed = feed
        self._positions = positions
        self._courier = courier
        self._limits = limits
        self._backoff = Backoff(s_min=limits.backoff_s_min, s_max=limits.backoff_s_max)
        self._status = status
        self._jitter = jitter
        self._log = _logger.bind(topic=partition.topic, partition=partition.number)
        self._strands = Strands(
            limits=limits, slot=slot, done=self._finish, jitter=jitter, log=self._log
        )
        self._prefix: Prefix | None = None
        self._released = False
        self._parked: str | None = None
        self._begin = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int | None:
        """What may be committed now; None before the lane has begun."""
        return None if self._prefix is None else self._prefix.position

    @property
    def last_timestamp_ms(self) -> int | None:
        """The timestamp of the last record before the position."""
        return None if self._prefix is None else self._prefix.last_timestamp_ms

    @property
    def hungry(self) -> bool:
        """Whether another batch should be fetched now."""
        return (
            self._status.state is LaneState.SERVING
            and self._prefix is not None
            and self._prefix.waiting < self._limits.waiting_records_max
        )

    def release(self) -> None:
        """Begin, or go on after `rest`: the partition is this worker's."""
        self._released = True
        self._status.state = LaneState.OPENING if self._parked is None else LaneState.PARKED
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"delivery {self.partition}")
        self._begin.set()

    def interrupt(self, reason: str) -> None:
        """Look anew where to fetch from: what was read may have been lost, or be gone."""
        if self._released:
            self._log.warning("delivery.reopening", reason=reason)
            self._status.state = LaneState.REOPENING
            self._status.failures += 1
            self._begin.set()

    def park(self, reason: str) -> None:
        """Read no further for now: what comes next cannot be read. What was read goes on."""
        if self._released:
            self._status.state = LaneState.PARKED
            self._status.parkings += 1
            self._status.parked_reason = self._parked = reason
            self._log.error("delivery.parked", position=self.position, reason=reason)
            self._begin.set()

    async def rest(self) -> None:
        """Try nothing and read nothing until `release`.

        When this returns, nothing of this lane is on its way any more.
        """
        self._released = False
        self._status.state = LaneState.HELD
        await self._strands.rest()

    async def close(self) -> None:
        """Rest, and give the partition up."""
        await self.rest()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._feed.stop(self.partition)
        self._status.state = LaneState.CLOSED
        self._status.parked_reason = None
        self._log.info("delivery.closed", position=self.position)

    def take(self, batch: FetchedBatch) -> None:
        """Take a batch that begins where the last one ended, else drop it and fetch from there."""
        prefix = self._prefix
        if self._status.state is not LaneState.SERVING or prefix is None:
            self._status.batches_dropped += 1
            return
        if batch.before != prefix.read_to:
            self._status.batches_dropped += 1
            if batch.before > prefix.read_to:
                self.interrupt("a batch was lost on its way here")
            return
        where = f"at or behind offset {prefix.read_to}"
        try:
            for record in batch.records:
                where = f"at offset {record.offset}"
                deliveries = self._courier.deliveries(self.partition, record)
                prefix.take(record.offset, record.timestamp, len(deliveries))
                self._status.events += not deliveries
                for each in deliveries:
                    way = Way(each.destination, record.key)
                    self._strands.append(way, record.offset, each)
                where = f"behind offset {record.offset}"
        except Exception as error:  # noqa: BLE001 - the log's, or the courier's: stop, lose nothing
            self.park(f"what lies {where} is not understood: {told(error)}")
            return
        prefix.read_to = batch.after
        self._status.batches += 1

    def _finish(self, offset: int) -> None:
        if self._prefix is not None and self._prefix.finish(offset):
            self._status.events += 1

    async def _run(self) -> None:
        """Find out where to begin, or to go on, whenever somebody asks for it."""
        failures = 0
        while True:
            await self._begin.wait()
            self._begin.clear()
            try:
                if self._parked is not None:
                    await asyncio.sleep(self._limits.parked_check_s)
                async with asyncio.timeout(self._limits.open_s_max):
                    await self._open()
            except (LogFailure, TimeoutError) as error:
                pause_s = self._backoff.pause_s(failures, self._jitter)
                failures += 1
                reason = str(error) or f"not open within {self._limits.open_s_max:g} s"
                self._log.warning("delivery.reopening", reason=reason, pause_s=round(pause_s, 3))
                self._status.failures += 1
                self._begin.set()
                await asyncio.sleep(pause_s)
            else:
                failures = 0

    async def _open(self) -> None:
        committed = await self._positions.committed(self.partition)
        bounds = await self._positions.bounds(self.partition)
        prefix = self._prefix
        if prefix is None or (committed is not None and committed > prefix.position):
            # New here; or somebody else has had it meanwhile, and is further.
            await self._strands.forget()
            prefix = self._prefix = Prefix(first_position(committed, bounds, self._log))
            self._status.position = committed
        elif prefix.read_to > bounds.end:
            await self._strands.forget()
            prefix = self._prefix = Prefix(first_position(prefix.read_to, bounds, self._log))
        else:
            prefix.read_to = first_position(prefix.read_to, bounds, self._log)
        await self._feed.start(self.partition, prefix.read_to)
        if self._released:  # else: `release` asks again
            self._parked = self._status.parked_reason = None
            self._status.state = LaneState.SERVING
            self._status.openings += 1
            self._log.info("delivery.serving", position=prefix.position, waiting=prefix.waiting)
            self._strands.go_on()
