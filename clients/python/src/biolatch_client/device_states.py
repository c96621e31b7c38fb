"""Asking: may this device use biometrics now? From memory, in microseconds, and failing closed.

Owns the view that a process keeps of the compacted topic `biolatch.device-state`, and what it knows
about its own freshness. It reads everything, committed records only, in no consumer group, and
writes nothing.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
import logging
import time
from types import TracebackType
from typing import Final, Self

from biolatch_client.device_questions import DeviceQuestions
from biolatch_client.device_view import DEVICE_STATE, Devices
from biolatch_client.errors import BiolatchClientError, Closed, KafkaUnavailable
from biolatch_client.kafka import KafkaConnection
from biolatch_client.state_reading import StateReading

_logger: Final = logging.getLogger(__name__)
_RETRY_PAUSE_S: Final = 1.0


class DeviceStates(DeviceQuestions):
    """A view of all devices that follows the topic; an asynchronous context manager.

    Questions may be asked from any thread. Until the view is complete (`wait_ready`), and whenever
    it is older than `stale_after_s`, the answer is unknown, which counts as a no.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        *,
        topic: str = DEVICE_STATE,
        stale_after_s: float = 30.0,
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            connection: where Kafka is.
            topic: of public states.
            stale_after_s: how long ago the view may have been known to be up to date. Normal is
                half a second; a change of the leader takes some seconds.
        """
        super().__init__(stale_after_s=stale_after_s)
        self._connection: Final = connection
        self._topic: Final = topic
        self._following: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._failure: BiolatchClientError | None = None

    async def __aenter__(self) -> Self:
        """Begin to read; the view is complete after `wait_ready`."""
        self._news = asyncio.Event()
        self._following = asyncio.create_task(self._follow(), name="biolatch-device-states")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect. From now on every answer is unknown."""
        self._forget()
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait({following})

    async def wait_ready(self, *, within_s: float = 60.0) -> None:
        """Wait until the view has everything that the topic held when reading began.

        Raises:
            KafkaUnavailable: it did not get so far in time.
            KafkaRefused: the broker refuses, or has no such topic.
            Closed: it is not open.
        """
        give_up_at = time.monotonic() + within_s
        while not self.is_ready:
            if self._following is None:
                raise Closed("states.closed", "the device states are not open")
            self._news.clear()
            left_s = give_up_at - time.monotonic()
            try:
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            except TimeoutError:
                raise self._failure or KafkaUnavailable(
                    "states.not_ready", f"the device states are not complete after {within_s:g} s"
                ) from None

    async def _follow(self) -> None:
        """Read for ever; what ends a reading begins another one, from the start of the topic.

        The view so far stays until the new one is complete, and grows stale.
        """
        while True:
            try:
                async with StateReading(self._connection, self._topic) as reading:
                    while True:
                        known_at = await reading.advance()
                        if known_at is not None:
                            self._know(reading.devices, known_at)
            except BiolatchClientError as error:
                self._failure = error
                _logger.warning("biolatch device states: %s; trying again", error)
            await asyncio.sleep(_RETRY_PAUSE_S)

    def _know(self, devices: Devices, known_at: float) -> None:
        self._failure = None
        self._devices = devices
        self._known_at = known_at
        self._news.set()

    def _forget(self) -> None:
        self._devices = {}
        self._known_at = None
