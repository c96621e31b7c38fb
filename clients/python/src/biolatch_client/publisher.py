"""Publishing events: a method returns when every replica in sync holds the event.

Owns the promises to a backend: refused before anything is sent, or acknowledged, or a clear word on
what is not known; the order of calls is the order of a device's events; a bounded number of events
in memory; a failed connection is replaced by a new one.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Protocol, Self

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.errors import BufferFull, Closed, KafkaRefused, NotAcknowledged
from biolatch_client.event_methods import EventMethods
from biolatch_client.events import AnyEvent
from biolatch_client.kafka import KafkaConnection, kafka_failures
from biolatch_client.producing import Producing
from biolatch_client.records import (
    DEVICE_EVENTS,
    PLAIN,
    Envelope,
    EventRecord,
    record_of,
    require_id,
)
from biolatch_client.turns import Turns

_REFUSALS: Final = (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
"""After these a record is surely not stored."""


class Signer(Protocol):
    """What is needed of `biolatch_client.signing.EventSigner`."""

    def signed(self, record: EventRecord) -> EventRecord:
        """The record with its signature."""
        ...


class Tracing(Protocol):
    """What is needed of `biolatch_client.tracing.EventTracer`."""

    def sending(self, record: EventRecord, topic: str) -> AbstractContextManager[EventRecord]:
        """The record with its trace, and a span until the block ends."""
        ...


class Publisher(EventMethods):
    """Publishes events to Kafka; use it as an asynchronous context manager, one for a process."""

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        source: str,
        signer: Signer | None = None,
        tracer: Tracing | None = None,
        topic: str = DEVICE_EVENTS,
        acknowledged_s_max: float = 10.0,
        buffer_events_max: int = 1000,
        buffer_wait_s_max: float = 2.0,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            connection: where Kafka is.
            source: `ce_source` of the events: a short URI reference that names this service.
            signer: signs every event.
            tracer: lets every event name its trace, and makes a span until it is acknowledged.
            topic: of input events.
            acknowledged_s_max: how long a method waits for the acknowledgement.
            buffer_events_max: how many events may wait for theirs at once; at 16 KiB or less.
            buffer_wait_s_max: how long a method waits for a place among them.

        Raises:
            EventRefused: the source is not 1 to 128 printable ASCII characters.
        """
        self._connection: Final = connection
        self._source: Final = require_id(source, "envelope.source_invalid", "source")
        self._signer: Final = signer
        self._tracer: Final = tracer
        self._topic: Final = topic
        self._acknowledged_s_max: Final = acknowledged_s_max
        self._buffer_events_max: Final = buffer_events_max
        self._buffer_wait_s_max: Final = buffer_wait_s_max
        self._turns = Turns()
        self._buffer = asyncio.Semaphore(buffer_events_max)
        self._renewing = asyncio.Lock()
        self._producing: Producing | None = None
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            KafkaUnavailable: no broker answers.
            KafkaRefused: the broker refuses, or has no such topic.
        """
        # These belong to one event loop; a publisher may be opened again in another one.
        self._turns = Turns()
        self._buffer = asyncio.Semaphore(self._buffer_events_max)
        self._renewing = asyncio.Lock()
        self._producing = await self._opened()
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is pending as long as its methods would, then disconnect."""
        self._is_open = False
        async with self._renewing:
            producing, self._producing = self._producing, None
            if producing is not None:
                await producing.close(settle_s_max=self._acknowledged_s_max)

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """Publish an event about a device and return when it is acknowledged.

        Events of one device are stored in the order in which this was called for them, also by
        several tasks. A cancelled call may have sent its event or not.

        Raises:
            EventRefused: the event is not as the contract says; nothing was sent.
            BufferFull: too many events wait already; nothing was sent.
            KafkaUnavailable: there is no connection and none could be made; nothing was sent.
            KafkaRefused: the broker refuses the event for good; it is not stored.
            NotAcknowledged: it may be stored or not; publish it again with the same id.
            Closed: the publisher is not open; nothing was sent.
        """
        return await self.publish_record(
            record_of(device_id, event, source=self._source, envelope=envelope)
        )

    async def publish_record(self, record: EventRecord) -> Acknowledged:
        """As `publish`, for a record that was made before, such as those of the outbox."""
        if self._tracer is None:
            return await self._publish(record)
        with self._tracer.sending(record, self._topic) as traced:
            return await self._publish(traced)

    async def _publish(self, record: EventRecord) -> Acknowledged:
        if self._signer is not None:
            record = self._signer.signed(record)
        if not self._is_open:
            raise Closed("publisher.closed", "the publisher is not open")
        give_up_at = time.monotonic() + self._acknowledged_s_max
        await self._take_place()
        try:
            future = await self._appended(record, give_up_at)
        except BaseException:
            self._buffer.release()
            raise
        future.add_done_callback(self._leave_place)
        await asyncio.wait({future}, timeout=max(0.0, give_up_at - time.monotonic()))
        return self._fate(record, future)

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self._buffer_wait_s_max):
                await self._buffer.acquire()
        except TimeoutError:
            raise BufferFull(
                "publisher.buffer_full",
                f"{self._buffer_events_max} events wait for Kafka's acknowledgement",
            ) from None

    def _leave_place(self, _future: asyncio.Future[Any]) -> None:
        self._buffer.release()

    async def _appended(self, record: EventRecord, give_up_at: float) -> asyncio.Future[Any]:
        with kafka_failures(self._connection.bootstrap_servers):
            async with (
                asyncio.timeout(give_up_at - time.monotonic()),
                self._turns.of(record.key),
            ):
                producing = await self._usable()
                return await producing.append(record)

    def _fate(self, record: EventRecord, future: asyncio.Future[Any]) -> Acknowledged:
        servers = self._connection.bootstrap_servers
        if not future.done():
            raise NotAcknowledged(
                record.event_id,
                f"the Kafka at {servers} has not acknowledged the event within "
                f"{self._acknowledged_s_max:g} s; it may still be stored",
            )
        error = None if future.cancelled() else future.exception()
        if isinstance(error, _REFUSALS):
            raise KafkaRefused(
                "kafka.refused", f"the Kafka at {servers} refuses the event ({_name(error)})"
            ) from error
        if error is not None or future.cancelled():
            raise NotAcknowledged(
                record.event_id,
                f"the connection to {servers} failed ({_name(error)}); the event may be stored",
            ) from error
        stored = future.result()
        return Acknowledged(record.event_id, stored.topic, stored.partition, stored.offset)

    async def _usable(self) -> Producing:
        """The producer, or a new one where it has failed.

        What is pending in the old one is settled before: it must not be stored behind what comes.
        """
        producing = self._producing
        if producing is not None and producing.is_usable:
            return producing
        async with self._renewing:
            if not self._is_open:
                raise Closed("publisher.closed", "the publisher was closed meanwhile")
            producing = self._producing
            if producing is not None and producing.is_usable:
                return producing
            if producing is not None:
                self._producing = None
                await producing.close(settle_s_max=self._connection.request_timeout_s)
            self._producing = producing = await self._opened()
            return producing

    async def _opened(self) -> Producing:
        return await Producing.opened(
            self._connection, self._topic, within_s=2 * self._connection.request_timeout_s
        )


def _name(error: BaseException | None) -> str:
    return type(error).__name__
