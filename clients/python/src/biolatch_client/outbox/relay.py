"""The relay: sends what the outbox holds, and removes what Kafka has acknowledged.

Owns the promises: the order of each device is kept, every event is sent at least once, under one
id. An event that is sent twice (the relay was killed between the acknowledgement and the removal)
is refused by biolatch as `duplicate`, and changes nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from biolatch_client.errors import BiolatchClientError
from biolatch_client.outbox.claims import Claimed, Claims
from biolatch_client.outbox.writing import Outbox
from biolatch_client.records import EventRecord

_logger: Final = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class RecordPublisher(Protocol):
    """What is needed of `biolatch_client.Publisher`."""

    async def publish_record(self, record: EventRecord) -> object:
        """Publish a record and return when it is acknowledged."""
        ...


class OutboxRelay:
    """Relays one outbox. On PostgreSQL several may run, in any number of processes."""

    def __init__(
        self,
        engine: Engine,
        outbox: Outbox,
        publisher: RecordPublisher,
        *,
        devices_max: int = 100,
        poll_s: float = 0.5,
        retry_s: float = 2.0,
    ) -> None:
        """Prepare.

        Args:
            engine: of the backend's database. One connection of it is used, in another thread.
            outbox: what the backend writes to.
            publisher: open; with the backend's signer, if events are signed.
            devices_max: of how many devices events are taken at once.
            poll_s: how long to wait where there is nothing to send.
            retry_s: how long to wait after the database or Kafka has failed.
        """
        self._claims: Final = Claims(engine, outbox.table, devices_max=devices_max)
        self._publisher: Final = publisher
        self._poll_s: Final = poll_s
        self._retry_s: Final = retry_s
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="biolatch-outbox")

    async def run(self) -> None:
        """Relay for ever; end it by cancelling. Failures are logged, and tried again."""
        while True:
            try:
                sent = await self.relay_some()
                wait_s = 0.0 if sent else self._poll_s
            except (BiolatchClientError, SQLAlchemyError) as error:
                _logger.warning("biolatch outbox: %s; trying again", type(error).__name__)
                wait_s = self._retry_s
            await asyncio.sleep(wait_s)

    async def relay_some(self) -> int:
        """Send the oldest events of some devices; how many were sent and removed.

        Raises:
            SQLAlchemyError: the database failed; what was sent may be sent again.
            BiolatchClientError: not everything could be sent; what was is removed.
        """
        claims = self._claims
        try:
            claimed = await self._in_thread(claims.take)
            if not claimed:
                return 0
            sent: list[int] = []
            failure = await self._send(claimed, sent)
            await self._in_thread(lambda: claims.finish(sent))
        finally:
            # Also where this was cancelled: the claims must not outlive it.
            await asyncio.shield(self._in_thread(claims.release))
        if failure is not None:
            raise failure
        return len(sent)

    async def _send(
        self, claimed: Sequence[Claimed], sent: list[int]
    ) -> BiolatchClientError | None:
        """Send devices side by side, the events of each one after another."""
        by_device: dict[bytes, list[Claimed]] = {}
        for each in claimed:
            by_device.setdefault(each.record.key, []).append(each)
        failures = await asyncio.gather(
            *(self._send_in_order(events, sent) for events in by_device.values())
        )
        return next((failure for failure in failures if failure is not None), None)

    async def _send_in_order(
        self, events: Sequence[Claimed], sent: list[int]
    ) -> BiolatchClientError | None:
        for event in events:
            try:
                await self._publisher.publish_record(event.record)
            except BiolatchClientError as error:
                return error  # what follows it of this device waits, too
            sent.append(event.position)
        return None

    async def _in_thread(self, act: Callable[[], _Result]) -> _Result:
        loop: Any = asyncio.get_running_loop()
        result: _Result = await loop.run_in_executor(self._thread, act)
        return result
