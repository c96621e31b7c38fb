"""What is on its way from one partition: the deliveries of each key to each destination, in order.

Owns the order, the pauses between tries, and what becomes of a try when everything has to rest.
Invariant: of one key to one destination, one try at a time is under way, of the first delivery that
is not done.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from agents.delivery.backoff import Backoff
from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Delivery
from agents.lane.wording import told


class Way(NamedTuple):
    """What has an order of its own: one key to one destination."""

    destination: str
    key: bytes | None


@dataclass(slots=True)
class _Strand:
    """The deliveries of one way, the next one first.

    Attributes:
        waiting: offset and delivery of each record that is not done.
        due_s: not before this time of the event loop is the first one tried (again).
        failures: how often the first one's try has raised in a row.
        trying: whether it is being tried right now.
        task: works on it; None while everything rests.
    """

    waiting: deque[tuple[int, Delivery]] = field(default_factory=deque[tuple[int, Delivery]])
    due_s: float = 0.0
    failures: int = 0
    trying: bool = False
    task: asyncio.Task[None] | None = None


class Strands:
    """All ways of one partition; used from one event loop only."""

    def __init__(
        self,
        *,
        limits: DeliveryLimits,
        slot: Callable[[str], AbstractAsyncContextManager[None]],
        done: Callable[[int], None],
        jitter: random.Random,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        """Begin with nothing, at rest.

        Args:
            limits: bound every wait.
            slot: entered for each try to a destination; waits while there are too many.
            done: told the offset of each delivery that is done.
            jitter: spreads pauses.
            log: knows the partition.
        """
        self._limits = limits
        self._backoff = Backoff(s_min=limits.backoff_s_min, s_max=limits.backoff_s_max)
        self._slot = slot
        self._done = done
        self._jitter = jitter
        self._log = log
        self._strands: dict[Way, _Strand] = {}
        self._resting = True

    def append(self, way: Way, offset: int, delivery: Delivery) -> None:
        """Deliver this behind everything else that goes the same way."""
        strand = self._strands.setdefault(way, _Strand())
        strand.waiting.append((offset, delivery))
        if not self._resting:
            self._work_on(way, strand)

    def go_on(self) -> None:
        """Work on whatever waits."""
        self._resting = False
        for way, strand in self._strands.items():
            self._work_on(way, strand)

    async def rest(self) -> None:
        """Try nothing until `go_on`. What is in flight gets `rest_s_max`, then it is cancelled.

        When this returns, nothing is on its way any more; what waits, and until when, is kept.
        """
        await self._stop(within_s=self._limits.rest_s_max)

    async def forget(self) -> None:
        """Rest, at once, and give up what waits: others have done it, or it is read again."""
        await self._stop(within_s=0.0)
        self._strands.clear()

    async def _stop(self, within_s: float) -> None:
        self._resting = True
        working: list[asyncio.Task[None]] = []
        for strand in self._strands.values():
            if strand.task is not None:
                working.append(strand.task)
                if not strand.trying:
                    strand.task.cancel()
        if working:
            _, late = await asyncio.wait(working, timeout=within_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for strand in self._strands.values():
            strand.task = None  # a task that was cancelled before it began could not say so

    def _work_on(self, way: Way, strand: _Strand) -> None:
        if strand.task is None:
            strand.task = asyncio.create_task(self._deliver_in_order(way, strand))

    async def _deliver_in_order(self, way: Way, strand: _Strand) -> None:
        now_s = asyncio.get_running_loop().time
        try:
            while strand.waiting and not self._resting:
                await asyncio.sleep(max(0.0, strand.due_s - now_s()))
                offset, delivery = strand.waiting[0]
                pause_s = await self._try(strand, delivery)
                if pause_s is None:
                    strand.waiting.popleft()
                    self._done(offset)
                else:
                    strand.due_s = now_s() + pause_s
        finally:
            strand.task = None
            if not strand.waiting:
                del self._strands[way]

    async def _try(self, strand: _Strand, delivery: Delivery) -> float | None:
        async with self._slot(delivery.destination):
            strand.trying = True
            try:
                async with asyncio.timeout(self._limits.attempt_s_max):
                    pause_s = await delivery.attempt()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # Nobody cancelled us: a client's own task was, and let it out.
                return self._pause_after(strand, delivery, "CancelledError")
            except Exception as error:  # noqa: BLE001 - whatever it is, the delivery is not done
                return self._pause_after(strand, delivery, told(error))
            finally:
                strand.trying = False
        strand.failures = 0
        return pause_s

    def _pause_after(self, strand: _Strand, delivery: Delivery, reason: str) -> float:
        pause_s = self._backoff.pause_s(strand.failures, self._jitter)
        strand.failures += 1
        self._log.warning(
            "delivery.failed",
            destination=delivery.destination,
            reason=reason,
            failures=strand.failures,
            pause_s=round(pause_s, 3),
        )
        return pause_s
