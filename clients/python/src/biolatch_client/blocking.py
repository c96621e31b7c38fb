"""The publisher and the states for code that does not await: Django, Flask, scripts, threads.

Owns nothing but the way there: each runs its asynchronous twin in one background thread, and may be
used by many threads at once.
"""

from types import TracebackType
from typing import Any, Final, Protocol, Self

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.background_loop import BackgroundLoop
from biolatch_client.blocking_methods import BlockingEventMethods
from biolatch_client.device_states import DeviceStates
from biolatch_client.errors import Closed
from biolatch_client.events import AnyEvent
from biolatch_client.records import PLAIN, Envelope


class OpenablePublisher(Protocol):
    """A publisher that is opened and closed: `Publisher`, or the one in memory."""

    async def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """Publish an event about a device."""
        ...

    async def __aenter__(self) -> Any:  # noqa: ANN401 - itself
        """Open it."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        ...


class SyncPublisher(BlockingEventMethods):
    """A publisher whose methods block; use it as a context manager, one for a process."""

    def __init__(self, publisher: OpenablePublisher) -> None:
        """Publish through this publisher, which is not open yet."""
        self._publisher: Final = publisher
        self._loop: BackgroundLoop | None = None

    def __enter__(self) -> Self:
        """Start the thread and connect; raises what the publisher raises."""
        self._loop = _opened(self._publisher, "biolatch-publisher")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for what is pending, disconnect, end the thread."""
        loop, self._loop = self._loop, None
        _close(self._publisher, loop)

    def publish(
        self, device_id: str, event: AnyEvent, *, envelope: Envelope = PLAIN
    ) -> Acknowledged:
        """As `Publisher.publish`, and raises the same; `Closed` also in a forked process."""
        if self._loop is None:
            raise Closed("publisher.closed", "the publisher is not open")
        return self._loop.result_of(self._publisher.publish(device_id, event, envelope=envelope))


class SyncDeviceStates:
    """Keeps a `DeviceStates` up to date in a thread; ask the one that `with` gives."""

    def __init__(self, states: DeviceStates, *, ready_within_s: float = 60.0) -> None:
        """Prepare.

        Args:
            states: not open yet.
            ready_within_s: how long opening may take.
        """
        self._states: Final = states
        self._ready_within_s: Final = ready_within_s
        self._loop: BackgroundLoop | None = None

    def __enter__(self) -> DeviceStates:
        """Start the thread and wait until the view is complete.

        Raises:
            KafkaUnavailable: it did not get so far in time.
            KafkaRefused: the broker refuses, or has no such topic.
        """
        loop = _opened(self._states, "biolatch-device-states")
        try:
            loop.result_of(self._states.wait_ready(within_s=self._ready_within_s))
        except BaseException:
            _close(self._states, loop)
            raise
        self._loop = loop
        return self._states

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect and end the thread."""
        loop, self._loop = self._loop, None
        _close(self._states, loop)


def _opened(inner: OpenablePublisher | DeviceStates, name: str) -> BackgroundLoop:
    loop = BackgroundLoop(name)
    try:
        loop.result_of(inner.__aenter__())
    except BaseException:
        loop.stop()
        raise
    return loop


def _close(inner: OpenablePublisher | DeviceStates, loop: BackgroundLoop | None) -> None:
    if loop is None:
        return
    try:
        loop.result_of(inner.__aexit__(None, None, None))
    finally:
        loop.stop()
