"""Twins of the publisher and the states in memory, for tests of a backend.

Owns the same interfaces without Kafka. The publisher judges an event exactly as the real one does;
the states answer by the same rule. What biolatch would decide is not here: that is the server's
(`biolatch_client.testing` has recordings of it).
"""

from collections import deque
from types import TracebackType
from typing import Final, NamedTuple, Self

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.answers import UserState
from biolatch_client.device_questions import DeviceQuestions
from biolatch_client.device_view import DeviceState, take
from biolatch_client.errors import BiolatchClientError, Closed
from biolatch_client.event_methods import EventMethods
from biolatch_client.events import AnyEvent
from biolatch_client.partitioner import partition_of
from biolatch_client.records import (
    DEVICE_EVENTS,
    PLAIN,
    Envelope,
    EventRecord,
    record_of,
    require_id,
)

_PARTITIONS: Final = 4


class PublishedEvent(NamedTuple):
    """An event that a backend has published.

    Attributes:
        device_id: the device that it is about.
        event: the event.
        record: as Kafka would have stored it.
    """

    device_id: str
    event: AnyEvent
    record: EventRecord


class InMemoryPublisher(EventMethods):
    """Keeps what is published; opened and closed like the real one.

    Attributes:
        published: every event so far, in order.
    """

    def __init__(self, *, source: str = "/backend") -> None:
        """Nothing is published yet.

        Raises:
            EventRefused: the source is not 1 to 128 printable ASCII characters.
        """
        self.published: Final[list[PublishedEvent]] = []
        self._source: Final = require_id(source, "envelope.source_invalid", "source")
        self._failures: Final[deque[BiolatchClientError]] = deque()
        self._offsets: Final = [0] * _PARTITIONS
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Open it."""
        self._is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self._is_open = False

    def fail_next(self, error: BiolatchClientError) -> None:
        """Let the next event that is not refused end with this error instead; it is not kept."""
        self._failures.append(error)

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """As `Publisher.publish`.

        Raises:
            EventRefused: the event is not as the contract says.
            Closed: the publisher is not open.
            BiolatchClientError: as `fail_next` was told.
        """
        record = record_of(device_id, event, source=self._source, envelope=envelope)
        if not self._is_open:
            raise Closed("publisher.closed", "the publisher is not open")
        if self._failures:
            raise self._failures.popleft()
        self.published.append(PublishedEvent(device_id, event, record))
        partition = partition_of(record.key, _PARTITIONS)
        offset = self._offsets[partition]
        self._offsets[partition] += 1
        return Acknowledged(record.event_id, DEVICE_EVENTS, partition, offset)


class InMemoryDeviceStates(DeviceQuestions):
    """States that the test sets. Complete and fresh until told otherwise."""

    def __init__(self, *, stale_after_s: float = 30.0) -> None:
        """No device is known yet."""
        super().__init__(stale_after_s=stale_after_s)
        self._now_s = 0.0
        self._known_at = 0.0

    def set_user(self, device_id: str, user: UserState, *, bio_epoch: int = 1) -> None:
        """Let this be what is published of one user; others of the device stay as they are."""
        device = self._devices.get(device_id)
        others = () if device is None else device.users
        users = (*(other for other in others if other.user_id != user.user_id), user)
        self._devices[device_id] = DeviceState(bio_epoch, users)

    def take_record(self, device_id: str, value: bytes | None) -> None:
        """Take a record as it stands on topic `biolatch.device-state`; None is a tombstone."""
        take(self._devices, device_id.encode(), value)

    def forget(self, device_id: str) -> None:
        """Let nothing be published of a device."""
        self._devices.pop(device_id, None)

    def become_unready(self) -> None:
        """As before the view is complete."""
        self._known_at = None

    def become_ready(self) -> None:
        """Complete and fresh again."""
        self._known_at = self._now_s

    def pass_without_kafka(self, seconds: float) -> None:
        """Let so much time pass in which Kafka does not answer."""
        self._now_s += seconds

    def _monotonic_s(self) -> float:
        return self._now_s
