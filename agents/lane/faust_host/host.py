"""The Faust application: one agent, which feeds the lanes.

Owns what the worker's lanes see of Faust: the `Feed`, and when they must rest.
"""

# Faust leaves much of its interface untyped.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAny=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportUnknownLambdaType=false, reportPrivateUsage=false
# pyright: reportIncompatibleVariableOverride=false

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import faust
from faust.app.base import BootStrategy

from agents.lane.faust_host.consumer import LaneConsumer, LaneTransport, start_in_thread
from agents.lane.faust_host.options import HostOptions
from agents.lane.faust_host.recovery import LaneTableManager
from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.port import Partition
from agents.lane.served import ServedPartitions

if TYPE_CHECKING:
    from faust.types import AgentT, AppT, Message


class _WithoutProducer(BootStrategy):
    """Faust's own producer is never started: lanes write, with one producer each."""

    enable_kafka_producer = False


class LaneHost(faust.App):
    """A Faust application whose one agent feeds the lanes.

    Attributes:
        options: what it was made with.
        lanes: whom it feeds; to be set before the start, for they need `feed`.
        feed: the lanes' side of the consumer.
        all_started: set when every service runs; what remains of the start is to join the group.
        membership_ended: done when this worker is no member of its group any more, or never becomes
            one; its result is why.
    """

    BootStrategy = _WithoutProducer
    options: HostOptions
    lanes: ServedPartitions
    feed: "ThreadFeed"
    all_started: asyncio.Event
    membership_ended: asyncio.Future[Exception]

    def __init__(self, options: HostOptions) -> None:
        """Configure; nothing is connected before the start."""
        self.options = options
        self.all_started = asyncio.Event()
        self.membership_ended = asyncio.get_running_loop().create_future()
        self.feed = ThreadFeed(self)
        servers = options.kafka.bootstrap_servers.replace(",", ";")
        super().__init__(
            options.application,
            broker=f"kafka://{servers}",
            store="memory://",
            TableManager=LaneTableManager,
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,
            stream_recovery_delay=0,
            stream_wait_empty=False,
            stream_buffer_maxsize=16,
            broker_session_timeout=options.group.session_timeout_s,
        )
        # Without acks Faust has no offset to commit, even where it believes that it should.
        topic = self.topic(options.input_topic, schema=_Undecoded(), acks=False)
        self.agent(topic, name="lanes")(self._deliver)
        signal: Any = self.on_partitions_revoked
        signal.connect(self._hold_lanes, weak=False)

    def end_membership(self, why: Exception) -> None:
        """Say that this worker is no member of its group; who says it first is heard."""
        if not self.membership_ended.done():
            self.membership_ended.set_result(why)

    async def _deliver(self, stream: Any) -> None:  # noqa: ANN401 - Faust's stream, untyped
        async for event in stream.noack().events():
            message = cast("Message", event.message)
            if message.generation_id == self.consumer_generation_id:
                self.lanes.deliver(cast("FetchedBatch", event.value))

    async def _hold_lanes(self, *_arguments: object, **_options: object) -> None:
        # All partitions are taken away at first, in every rebalance; most come back at once.
        await self.lanes.hold()

    async def _on_agent_error(self, agent: "AgentT[Any]", exc: BaseException) -> None:  # noqa: ARG002 (Faust's signature)
        # Nobody knows which batches went with the agent; Faust would commit them.
        self.lanes.interrupt_all(f"the agent failed with {type(exc).__name__}")

    def _on_rebalance_when_stopped(self) -> None:
        """Let the join end, and the consumer leave the group by itself.

        Faust closes the consumer's connections here, from the wrong thread: the join never ends.
        """

    async def on_first_start(self) -> None:
        """Create no data folder: nothing is kept on disk."""

    async def on_stop(self) -> None:
        """Close the lanes before anything else: they still write then."""
        await self.lanes.close()
        await super().on_stop()

    def _new_transport(self) -> LaneTransport:
        return LaneTransport(self.conf.broker_consumer, self)


class ThreadFeed:
    """The lanes' `Feed`: their side of the consumer that lives in Faust's consumer thread."""

    def __init__(self, host: LaneHost) -> None:
        """Serve the host's lanes."""
        self._host = host

    async def start(self, partition: Partition, offset: int) -> None:
        """See `Feed`.

        Raises:
            LogFailure: the partition is not this worker's any more.
        """
        consumer = cast("LaneConsumer", self._host.consumer)
        try:
            await consumer.in_thread(start_in_thread(consumer.reader, partition, offset))
        except Exception as error:
            raise LogFailure(f"cannot fetch from {partition}") from error

    def stop(self, partition: Partition) -> None:
        """See `Feed`."""
        consumer = cast("LaneConsumer", self._host.consumer)
        with suppress(RuntimeError):  # the thread's loop is closed: nothing fetches any more
            consumer.loop_of_thread.call_soon_threadsafe(consumer.reader.stop, partition)


class _Undecoded(faust.Schema[Any, Any]):
    """The message's value is a batch already; there is nothing to decode."""

    def loads_key(self, app: "AppT", message: "Message", **_options: object) -> None:
        """Return no key: a batch has none."""

    def loads_value(self, app: "AppT", message: "Message", **_options: object) -> object:  # noqa: ARG002 (Faust's signature)
        """Return the batch."""
        return message.value
