"""One stream that is pushed: from its feed to its receiver's endpoint, as long as it takes.

Owns the order and the retries. Partitions are delivered side by side; in one partition a token is
pushed when the one before it is done, so the events of a device arrive in their order. Must never
push for a partition that has gone to another process, nor while the stream is not enabled.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any, Final, assert_never

import httpx2
import structlog
from aiokafka import ConsumerRebalanceListener

from agents.signals.feed import Feed, FeedRecord, FeedSource, open_feed
from agents.signals.pushing import Delivered, Refused, TryAgain, push
from agents.signals.signing_keys import CurrentSigningKeys
from agents.signals.streams import DeliveryMethod, Stream, StreamStatus
from agents.signals.tokens import Token

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_VERIFIER: Final = 0
"""Whoever has this partition also delivers the stream's verification events."""

_WAITING_MAX: Final = 500
"""Records that wait in memory for one partition; the rest waits in Kafka."""


class Backoff:
    """Pauses between tries: doubled from the least to the most, each cut at random."""

    def __init__(self, *, s_min: float, s_max: float, jitter: random.Random) -> None:
        """Pause between these bounds."""
        self._s_min: Final = s_min
        self.s_max: Final = s_max
        self._jitter: Final = jitter

    def pause_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row, of which this is the last."""
        longest = min(self.s_max, self._s_min * 2.0 ** min(failures - 1, 30))
        return longest * self._jitter.uniform(0.5, 1)


class Pusher:
    """What all pushed streams of a process have in common."""

    def __init__(
        self,
        source: FeedSource,
        client: httpx2.AsyncClient,
        keys: CurrentSigningKeys,
        backoff: Backoff,
    ) -> None:
        """Push with this client what these keys sign."""
        self.source: Final = source
        self.keys: Final = keys
        self.backoff: Final = backoff
        self._client: Final = client

    def stream(self, stream_id: str) -> Stream | None:
        """The stream, if it is to be pushed just now."""
        stream = self.source.store.get(stream_id)
        if stream is None or stream.status is not StreamStatus.ENABLED:
            return None
        return stream if stream.delivery.method is DeliveryMethod.PUSH else None

    async def deliver(self, stream_id: str, token: Token) -> None:
        """Push a token until the receiver has it or refuses it for good."""
        failures = 0
        log = _logger.bind(stream=stream_id, jti=token.jti)
        while True:
            stream = await self._enabled(stream_id)
            signed = self.keys.get().signed(token.claims)
            outcome = await push(self._client, stream.delivery, signed)
            match outcome:
                case Delivered():
                    return
                case Refused(code=code):
                    log.error("signals.refused", code=code)
                    return
                case TryAgain(why=why, after_s=after_s):
                    failures += 1
                    pause_s = self.backoff.pause_s(failures)
                    if after_s is not None:
                        pause_s = max(pause_s, min(after_s, self.backoff.s_max))
                    log.warning(
                        "signals.push-failed",
                        why=why,
                        failures=failures,
                        next_try_in_s=round(pause_s, 2),
                    )
                    await asyncio.sleep(pause_s)
                case _:
                    assert_never(outcome)

    async def _enabled(self, stream_id: str) -> Stream:
        """The stream, as soon as it is to be pushed."""
        while True:
            changed = self.source.store.changed()
            stream = self.stream(stream_id)
            if stream is not None:
                return stream
            await changed.wait()


class PushStream(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    """Delivers one stream, for the partitions that its group gives to this process."""

    def __init__(self, pusher: Pusher, stream: Stream) -> None:
        """Prepare; `run` begins."""
        self._pusher: Final = pusher
        self._stream: Final = stream
        self._feed: Feed | None = None
        self._waiting: Final[dict[int, deque[FeedRecord]]] = {}
        self._tasks: Final[dict[object, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Deliver until cancelled.

        Raises:
            TransientFailure: Kafka fails us; run it again.
        """
        async with open_feed(self._pusher.source, self._stream, self) as feed:
            self._feed = feed
            try:
                while True:
                    for number, records in (await feed.read()).items():
                        self._waiting.setdefault(number, deque()).extend(records)
                        if len(self._waiting[number]) >= _WAITING_MAX:
                            feed.pause(number)
                    self._start(feed)
                    await feed.commit()
            finally:
                await self._stop_all()
                await feed.commit()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, assigned: Iterable[Any]
    ) -> None:
        """See `ConsumerRebalanceListener`: begin where each partition's predecessor has ended."""
        if self._feed is not None:
            await self._feed.begin(assigned)

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, revoked: Iterable[Any]
    ) -> None:
        """See `ConsumerRebalanceListener`: stop, before anybody else begins."""
        del revoked
        if self._feed is not None:
            await self._stop_all()
            await self._feed.commit()

    def _start(self, feed: Feed) -> None:
        """See that every partition with something to deliver is worked on."""
        for task in [*self._tasks.values()]:
            if task.done():
                task.result()  # a defect comes out here
        for number, waiting in self._waiting.items():
            if waiting:
                self._work(number, partial(self._deliver, feed, number))
        if _VERIFIER in feed.partitions:
            store, stream_id = self._pusher.source.store, self._stream.stream_id
            if store.verifications(stream_id):
                self._work("verification", self._verify)

    def _work(self, name: object, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(work(), name=f"signals {name}")

    async def _deliver(self, feed: Feed, number: int) -> None:
        """Deliver what waits of a partition, record by record."""
        waiting = self._waiting[number]
        while waiting:
            for token in waiting[0].tokens:
                await self._pusher.deliver(self._stream.stream_id, token)
            feed.done(waiting.popleft())
        feed.resume(number)

    async def _verify(self) -> None:
        store, stream_id = self._pusher.source.store, self._stream.stream_id
        for asked in store.verifications(stream_id):
            token = self._pusher.source.maker.verification(self._stream, asked)
            await self._pusher.deliver(stream_id, token)
            await store.verified(stream_id, asked.verification_id)

    async def _stop_all(self) -> None:
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._waiting.clear()
