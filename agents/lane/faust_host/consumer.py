"""Faust's consumer, delivering batches: one message per partition and fetch.

Owns the way from the consumer's thread to the agent. Must never judge an offset: what Faust keeps
about offsets is switched off here, one hook at a time.
"""

# Faust leaves much of its interface untyped, and names hooks as if they were private.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAny=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, cast

import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode.threads import ServiceThread, WorkerThread

from agents.lane.kafka.group import (
    GroupReader,
    GroupRefused,
    PositionLost,
    Unreadable,
    new_group_consumer,
)
from agents.lane.kafka.group_offsets import GroupOffsets
from agents.lane.kafka.static_member import join_as
from agents.lane.log import FetchedBatch
from agents.lane.port import Partition

if TYPE_CHECKING:
    from agents.lane.faust_host.host import LaneHost

_Result = TypeVar("_Result")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FETCH_WAIT_S = 0.25
"""How long one fetch waits for data when every lane could use some."""

_GROUP_CHECK_S = 0.5
"""How soon a worker that is joining hears that the group refuses it."""

_HUNGER_CHECK_S = 0.01
"""How soon a lane that gets hungry is noticed while the others wait for data."""


async def start_in_thread(reader: GroupReader, partition: Partition, offset: int) -> None:
    """Start a partition; a coroutine, so that it can be run in the consumer's thread."""
    reader.start(partition, offset)


class _NoOffsets(dict[TP, int | None]):
    """Faust's memory of what it read, without memory: it would drop what a lane fetches again."""

    def __getitem__(self, _partition: TP) -> None:
        """Remember nothing."""

    def __setitem__(self, _partition: TP, _offset: int | None) -> None:
        """Keep nothing."""


class LaneConsumer(driver.Consumer):
    """Delivers one message per partition and fetch, and leaves offsets to the lanes."""

    _thread: "LaneConsumerThread"

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Faust's own
        """Pass everything on to Faust."""
        super().__init__(*args, **options)
        self._read_offset = _NoOffsets()

    def _new_consumer_thread(self) -> "LaneConsumerThread":
        return LaneConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def reader(self) -> GroupReader:
        """The reader; to be used in the consumer's thread only."""
        return self._thread.reader

    @property
    def offsets(self) -> GroupOffsets:
        """The group's offsets; to be used in the consumer's thread only."""
        return self._thread.offsets

    @property
    def loop_of_thread(self) -> asyncio.AbstractEventLoop:
        """The event loop of the consumer's thread."""
        return self._thread.thread_loop

    async def in_thread(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine in the consumer's thread and return its result."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(work, self.loop_of_thread)
        )

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ARG002, ASYNC109 - Faust's signature; our own waits are shorter
        """Fetch for the lanes that are hungry, all of each partition in one message."""
        if not self.flow_active:
            await self.wait(cast("Any", self.can_resume_flow))
            return
        generation = self.app.consumer_generation_id
        undelivered = deque(await self._fetch())
        try:
            while undelivered:
                if not self.flow_active or self.app.consumer_generation_id != generation:
                    return
                tp = TP(*undelivered[0].partition)
                yield tp, _message(tp, undelivered[0], generation)
                undelivered.popleft()
        finally:
            # An assignment came during the fetch, which may already have been for a new lane: it
            # would wait for what nobody delivers until something else arrives behind it.
            for batch in undelivered:
                self.reader.give_back(batch)

    async def _fetch(self) -> list[FetchedBatch]:
        lanes = cast("LaneHost", self.app).lanes
        assigned = lanes.status.assigned
        hungry = [partition for partition in assigned if lanes.hungry(partition)]
        wait_s = _FETCH_WAIT_S if len(hungry) == len(assigned) > 0 else _HUNGER_CHECK_S
        try:
            return await self.in_thread(self.reader.fetch(hungry, wait_s))
        except PositionLost as lost:
            lanes.interrupt(lost.partition, str(lost))
        except Unreadable as unreadable:
            lanes.park(unreadable.partition, str(unreadable))
        except GroupRefused as refused:
            self._thread.say_ended(refused)
        return []

    async def perform_seek(self) -> None:
        """Seek nowhere: a lane starts where its own position says."""

    async def commit(self, *_topics: object, **_options: object) -> bool:
        """Commit nothing: a lane's transaction carries its offset."""
        return False

    async def create_topic(self, *_topic: object, **_options: object) -> None:
        """Create nothing: topics are set up before a worker starts."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Judge nothing: Faust would complain that nobody commits."""


def _message(tp: TP, batch: FetchedBatch, generation: int) -> ConsumerMessage:
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=batch.after,
        timestamp=0.0,
        timestamp_type=0,
        headers=[],
        key=None,
        value=cast("Any", batch),
        checksum=None,
        tp=tp,
        generation_id=generation,
    )


class _DyingThread(WorkerThread):
    """A thread that dies with the process, should it hang: nothing in it is worth waiting for."""

    def __init__(self, service: ServiceThread, **options: Any) -> None:  # noqa: ANN401 - mode's own
        super().__init__(service, **options)
        self.daemon = True


class LaneConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread around a consumer that is made for lanes."""

    Worker = _DyingThread
    reader: GroupReader
    offsets: GroupOffsets
    _assigned = False
    _hearing: asyncio.Task[None]

    def _create_worker_consumer(self, _transport: driver.Transport) -> Any:  # noqa: ANN401 - aiokafka's, untyped
        options = cast("LaneHost", self.app).options
        # Faust's own assignor keeps partitions where they are. Faust would use it only with
        # tables, and otherwise deal all partitions out anew each time.
        consumer = new_group_consumer(options.kafka, options.group, self.app.assignor)
        if options.instance_id is not None:
            join_as(consumer, options.instance_id, self._say_taken_over)
        self.reader = GroupReader(consumer)
        self.offsets = GroupOffsets(consumer)
        return consumer

    def _say_taken_over(self) -> None:
        instance_id = cast("LaneHost", self.app).options.instance_id
        self.say_ended(
            GroupRefused(
                "membership.taken-over",
                f"another process has joined the group as {instance_id!r}; give each worker an id "
                "of its own in BIOLATCH_MEMBERSHIP__INSTANCE_ID",
            )
        )

    def say_ended(self, error: Exception) -> None:
        """Let the host end: this worker is no member of the group, or never becomes one."""
        host = cast("LaneHost", self.app)
        host.loop.call_soon_threadsafe(host.end_membership, error)

    async def on_start(self) -> None:
        """Start the consumer, and hear what the group says to it."""
        await super().on_start()
        self._hearing = asyncio.create_task(self._hear_refusal(), name="hear refusal")

    async def on_thread_stop(self) -> None:
        """Hear no more, and stop the consumer."""
        self._hearing.cancel()
        await super().on_thread_stop()

    async def _hear_refusal(self) -> None:
        """Ask for what the group says until it has assigned partitions, or refuses to.

        aiokafka tells only who fetches, and waits until then; Faust fetches when it has partitions.
        """
        while not self._assigned:
            try:
                await self.reader.fetch([], _GROUP_CHECK_S)
            except Exception as error:  # noqa: BLE001 - the host ends with it, whatever it is
                self.say_ended(error)
                return

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Hold every partition before the consumer can ask where to start it."""
        self._assigned = True
        self.reader.hold_all()
        await super().on_partitions_assigned(assigned, generation_id)

    async def _keepalive2(self) -> None:
        """Keep nothing alive: what Faust would send to the main loop may outlive that loop."""

    def on_crash(self, msg: str, *fmt: object, **_options: object) -> None:
        """Log what Faust would print, without the stack trace."""
        _logger.error("consumer thread failed", reason=msg.format(*fmt))


class LaneTransport(driver.Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer = LaneConsumer
