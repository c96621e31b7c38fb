r"""The lane: the state machine that takes one partition from input to outputs, exactly once.

Owns the order of things: fence, rows, position, serve, and what follows a failure. Must never
import a broker's client, or read another clock or randomness than it is given: it is simulated.

    CLOSED --> OPENING --> SERVING --> CLOSED
                ^    \       |   \
                |     \      |    +--> PARKED   the handler raises, or the log refuses
                |      +-----|-------> PARKED   the position cannot be served
                |            v           |
                +------- REOPENING <-----+      any failure of the log; an operator has written

While the group deals its partitions out a lane is held: it opens nothing, begins no transaction,
and keeps its session and rows. Released, it goes on where it stands.

The invariant that everything rests on: behind a fence nobody else can write this partition's
changelog, so the rows and the position read there are final, and the broker checks every later
write against that fence. Whenever that may have ceased to hold (a failure, a doubt), the session
goes together with its rows, and the lane starts over from what the log says.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

import structlog

from agents.lane.endings import Interrupted, Parked
from agents.lane.limits import LaneLimits
from agents.lane.log import Feed, FetchedBatch, LaneLog, LogFailure, Session
from agents.lane.opening import Opened, read_behind_the_fence, require_same_input
from agents.lane.port import BatchHandler, Partition
from agents.lane.serving import Serving
from agents.lane.status import LaneState, LaneStatus
from agents.lane.wording import OperatorCommands, told

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_BACKOFF_DOUBLINGS_MAX = 30  # enough for any sensible longest pause, and a small number


class Lane:
    """One partition's lane in one worker: `start` it, let it `take` batches, `close` it."""

    def __init__(  # noqa: PLR0913 - all of a lane's surroundings, each by its name
        self,
        partition: Partition,
        *,
        log: LaneLog,
        feed: Feed,
        handler: BatchHandler,
        limits: LaneLimits,
        status: LaneStatus,
        jitter: random.Random,
        turn: asyncio.Lock,
        assigned: Callable[[], bool],
        commands: OperatorCommands,
    ) -> None:
        """Prepare a closed lane.

        Args:
            partition: the input partition.
            log: input and changelog of that partition.
            feed: delivers its batches to `take`.
            handler: decides.
            limits: bounds every wait.
            status: where the lane writes what it does.
            jitter: spreads the pauses of lanes that failed together.
            turn: had by whichever of a worker's lanes decides.
            assigned: whether the assignment to this worker still holds.
            commands: what it tells an operator to type.
        """
        self.partition = partition
        self._port = log
        self._feed = feed
        self._handler = handler
        self._limits = limits
        self._status = status
        self._jitter = jitter
        self._turn = turn
        self._assigned = assigned
        self._commands = commands
        self._log = _logger.bind(topic=partition.topic, partition=partition.number)
        self._serving: Serving | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._released = asyncio.Event()
        self._released.set()
        self._failures_in_a_row = 0

    def start(self) -> None:
        """Begin to open, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name=f"lane {self.partition}")

    @property
    def hungry(self) -> bool:
        """Whether another batch should be fetched now."""
        return self._serving is not None and self._released.is_set() and self._serving.hungry

    def take(self, batch: FetchedBatch) -> None:
        """Hand over a batch; the lane drops what it cannot use."""
        if self._serving is None:
            self._status.batches_dropped += 1
        else:
            self._serving.take(batch)

    def interrupt(self, reason: str) -> None:
        """Open anew: the feed cannot fetch from where the lane stands."""
        if self._serving is not None:
            self._serving.fail(LogFailure(reason))

    def park(self, reason: str) -> None:
        """Stop serving until an operator decides: the feed cannot read on."""
        if self._serving is not None:
            self._serving.fail(Parked(reason))

    async def hold(self) -> bool:
        """Let no transaction be in flight and begin none until `release`; return whether it worked.

        Where a transaction takes longer than `close_s_max` to finish, the lane is closed instead.
        """
        self._released.clear()
        if self._serving is None:
            return True  # whatever it does, it writes nothing
        self._serving.finish()
        try:
            async with asyncio.timeout(self._limits.close_s_max):
                await self._serving.at_rest.wait()
        except TimeoutError:
            self._closing.set()
            await self._cancel()
            return False
        return True

    def release(self, assigned: Callable[[], bool]) -> None:
        """Go on after `hold`: the partition stays, by an assignment that `assigned` tells of."""
        self._assigned = assigned
        self._released.set()

    async def close(self) -> None:
        """Stop: a transaction in flight gets `close_s_max` to finish, batches that wait are left.

        When this returns, nothing of this lane writes any more.
        """
        self._closing.set()
        self._released.set()
        if self._serving is not None and self._task is not None:
            self._serving.finish()
            await asyncio.wait({self._task}, timeout=self._limits.close_s_max)
        await self._cancel()

    async def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            while not self._closing.is_set():
                await self._live()
        finally:
            self._status.state = LaneState.CLOSED
            self._status.parked_reason = None
            self._log.info("lane.closed", position=self._status.position)

    async def _live(self) -> None:
        """Open, serve, and deal with what ended it."""
        try:
            await self._open_and_serve()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # Nobody cancelled us: a client's own task was, and let it out.
            await self._pause_after(LogFailure("the log's client was cancelled"))
        except Interrupted:
            self._status.state = LaneState.REOPENING
        except LogFailure as failure:
            await self._pause_after(failure)
        except Parked as parked:
            await self._wait_for_operator(parked)
        except Exception as error:  # noqa: BLE001 - ours, whatever it is: stop here, spare the others
            self._log.exception("lane.failed-unexpectedly")
            await self._wait_for_operator(Parked(f"unexpected {told(error)}"))

    async def _open_and_serve(self) -> None:
        if not await self._may_go_on():
            return
        self._status.state = LaneState.OPENING
        started_s = asyncio.get_running_loop().time()
        session: Session | None = None
        try:
            try:
                async with asyncio.timeout(self._limits.open_s_max):
                    session = await self._port.open()
                    opened = await read_behind_the_fence(
                        session,
                        self._port,
                        self.partition,
                        self._handler,
                        self._status,
                        self._commands,
                    )
            except TimeoutError as error:
                raise LogFailure(f"not open within {self._limits.open_s_max:g} s") from error
            self._status.restore_s = asyncio.get_running_loop().time() - started_s
            await self._serve(opened)
        finally:
            self._feed.stop(self.partition)
            if session is not None:
                await session.close()

    async def _serve(self, opened: Opened) -> None:
        serving = Serving(
            self.partition,
            opened,
            feed=self._feed,
            handler=self._handler,
            limits=self._limits,
            status=self._status,
            turn=self._turn,
            commands=self._commands,
        )
        self._serving = serving
        transactions_before = self._status.transactions
        held = False
        try:
            if await self._may_go_on():
                self._log.info(
                    "lane.serving",
                    position=opened.position,
                    rows=self._status.restored_rows,
                    changelog_records=self._status.restored_records,
                    opened_in_s=round(self._status.restore_s, 3),
                )
            while await self._may_go_on():
                # Behind the fence, so that a worker that was away does not go on as the owner; who
                # fenced a rightful owner by that has only made it open anew.
                if not self._assigned():
                    raise LogFailure("the group has assigned the partitions anew")
                if held:
                    held = False
                    await require_same_input(opened, self._port, self._limits.open_s_max)
                    self._log.info("lane.kept", position=self._status.position)
                    continue  # it may be held again by now
                self._status.state = LaneState.SERVING
                await serving.run()
                held = True
                self._status.state = LaneState.HELD
        finally:
            self._serving = None
            if self._status.transactions > transactions_before:
                self._failures_in_a_row = 0

    async def _may_go_on(self) -> bool:
        """Wait while the lane is held; return False when it closes."""
        while not self._released.is_set():
            await self._released.wait()
        return not self._closing.is_set()

    async def _pause_after(self, failure: LogFailure) -> None:
        """Wait before opening again: twice as long each time, spread at random, bounded."""
        self._status.state = LaneState.REOPENING
        self._status.failures += 1
        doublings = min(self._failures_in_a_row, _BACKOFF_DOUBLINGS_MAX)
        self._failures_in_a_row += 1
        longest_s = min(self._limits.backoff_s_max, self._limits.backoff_s_min * 2**doublings)
        pause_s = longest_s * self._jitter.uniform(0.5, 1.0)
        self._log.warning("lane.reopening", reason=str(failure), pause_s=round(pause_s, 3))
        await self._closed_within(pause_s)

    async def _wait_for_operator(self, parked: Parked) -> None:
        """Stay parked until somebody writes to the changelog, which is an operator's decision."""
        self._status.state = LaneState.PARKED
        self._status.parkings += 1
        self._status.parked_reason = str(parked)
        self._log.error("lane.parked", position=self._status.position, reason=str(parked))
        known_end = parked.changelog_end
        while not await self._closed_within(self._limits.parked_check_s):
            try:
                async with asyncio.timeout(self._limits.open_s_max):
                    end = await self._port.changelog_end()
            except (LogFailure, TimeoutError):
                continue
            known_end = end if known_end is None else known_end
            if end != known_end:
                self._log.info("lane.operator-has-decided")
                break
        self._status.parked_reason = None

    async def _closed_within(self, pause_s: float) -> bool:
        try:
            async with asyncio.timeout(pause_s):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True
