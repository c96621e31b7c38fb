"""One stream that is polled: what was read for it, given and given again until acknowledged.

Owns the events that are held for a receiver (RFC 8936). They are acknowledged one by one and in any
order; the stream's position moves over those that are done without a gap. Must never forget an
event that was not acknowledged: what is in memory only is read again.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from typing import Final, NamedTuple

import structlog
from aiokafka.errors import KafkaError

from agents.lane.wording import told
from agents.signals.feed import Feed, FeedRecord, FeedSource, open_feed
from agents.signals.streams import DeliveryMethod, Stream, Verification
from agents.signals.tokens import Token
from events.errors import TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HELD_MAX: Final = 2_000
"""Events in memory for one stream; the rest waits in Kafka."""


class _Held(NamedTuple):
    """A record and those of its tokens that are not acknowledged."""

    record: FeedRecord
    tokens: dict[str, Token]


class PollStream:
    """The events of one stream, for whoever asks this process; see `PollStreams`."""

    def __init__(self, source: FeedSource, stream: Stream, feed: Feed) -> None:
        """Hold what the feed reads."""
        self._source: Final = source
        self._stream_id: Final = stream.stream_id
        self._feed: Final = feed
        self._held: Final[dict[int, deque[_Held]]] = {}
        self._owners: Final[dict[str, _Held]] = {}
        self._news: asyncio.Event = asyncio.Event()
        self._room: Final = asyncio.Event()
        self._moving: Final = asyncio.Lock()

    async def fill(self) -> None:
        """Read for ever, as far as there is room."""
        while True:
            while len(self._owners) >= _HELD_MAX:
                self._room.clear()
                await self._room.wait()
            for number, records in (await self._feed.read()).items():
                waiting = self._held.setdefault(number, deque())
                for record in records:
                    held = _Held(record, {token.jti: token for token in record.tokens})
                    waiting.append(held)
                    self._owners.update(dict.fromkeys(held.tokens, held))
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def acknowledge(self, jtis: Iterable[str]) -> None:
        """The receiver has these, or will not have them: never give them again.

        Raises:
            TransientFailure: the position was not kept; they may be given again.
        """
        verifications = {self._verification(asked).jti: asked for asked in self._asked()}
        for jti in jtis:
            held = self._owners.pop(jti, None)
            if held is not None:
                held.tokens.pop(jti, None)
            elif jti in verifications:
                await self._source.store.verified(
                    self._stream_id, verifications[jti].verification_id
                )
        self._room.set()
        async with self._moving:
            await self._move()

    async def _move(self) -> None:
        for waiting in self._held.values():
            while waiting and not waiting[0].tokens:
                self._feed.done(waiting.popleft().record)
        try:
            await self._feed.commit()
        except KafkaError as error:
            raise TransientFailure("signals.not-kept", type(error).__name__) from error

    async def events(self, count_max: int, wait_s: float) -> tuple[list[Token], bool]:
        """Events that are not acknowledged, the oldest of each device first, and whether more wait.

        Args:
            count_max: how many at most.
            wait_s: how long to wait for a first one.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not self._owners and not self._asked():
                    await self._news_or_change()
        await self._drop_what_others_have_acknowledged()
        tokens = [self._verification(asked) for asked in self._asked()]
        tokens += [
            token
            for waiting in self._held.values()
            for held in waiting
            for token in held.tokens.values()
        ]
        return tokens[:count_max], len(tokens) > count_max

    async def _news_or_change(self) -> None:
        waits = [
            asyncio.ensure_future(event.wait())
            for event in (self._news, self._source.store.changed())
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    async def _drop_what_others_have_acknowledged(self) -> None:
        """Any process may have been asked last, and has moved the position they share."""
        try:
            committed = await self._feed.committed()
        except KafkaError as error:
            raise TransientFailure("signals.not-kept", type(error).__name__) from error
        for waiting in self._held.values():
            while waiting and waiting[0].record.offset < committed[waiting[0].record.address]:
                for jti in waiting.popleft().tokens:
                    self._owners.pop(jti, None)

    def _asked(self) -> tuple[Verification, ...]:
        return self._source.store.verifications(self._stream_id)

    def _verification(self, asked: Verification) -> Token:
        stream = self._source.store.get(self._stream_id)
        assert stream is not None  # noqa: S101 - whoever asks has looked
        return self._source.maker.verification(stream, asked)


class _Open(NamedTuple):
    """A stream that is open, what its feed was made of, and how to end it."""

    stream: PollStream
    shape: object
    filling: asyncio.Task[None]
    exits: AsyncExitStack


class PollStreams:
    """The polled streams of a process, opened at a first poll."""

    def __init__(self, source: FeedSource) -> None:
        """Open nothing yet."""
        self._source: Final = source
        self._open: Final[dict[str, _Open]] = {}
        self._opening: Final[defaultdict[str, asyncio.Lock]] = defaultdict(asyncio.Lock)

    async def get(self, stream: Stream) -> PollStream:
        """The stream, reading by itself from now on.

        Raises:
            TransientFailure: Kafka fails us.
        """
        async with self._opening[stream.stream_id]:
            shape = stream.begins_at, self._source.maker.reads_verdicts(stream)
            found = self._open.get(stream.stream_id)
            if found is not None and (found.shape != shape or found.filling.done()):
                await self.close(stream.stream_id)
                found = None
            if found is None:
                exits = AsyncExitStack()
                feed = await exits.enter_async_context(open_feed(self._source, stream))
                polled = PollStream(self._source, stream, feed)
                filling = asyncio.create_task(polled.fill(), name="signals poll")
                found = _Open(polled, shape, filling, exits)
                self._open[stream.stream_id] = found
            return found.stream

    async def close(self, stream_id: str) -> None:
        """Read no more for a stream; what was not acknowledged stays in Kafka."""
        found = self._open.pop(stream_id, None)
        if found is None:
            return
        found.filling.cancel()
        [outcome] = await asyncio.gather(found.filling, return_exceptions=True)
        if isinstance(outcome, Exception):
            _logger.warning("signals.poll-stream-failed", stream=stream_id, reason=told(outcome))
        with suppress(TransientFailure):
            await found.exits.aclose()

    async def run(self) -> None:
        """Close streams that are polled no more, for ever; at the end, all of them."""
        try:
            while True:
                changed = self._source.store.changed()
                for stream_id in [*self._open]:
                    stream = self._source.store.get(stream_id)
                    if stream is None or stream.delivery.method is not DeliveryMethod.POLL:
                        await self.close(stream_id)
                await changed.wait()
        finally:
            for stream_id in [*self._open]:
                await self.close(stream_id)
