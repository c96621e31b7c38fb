"""The pushed streams of a process: begun, ended and begun again as receivers change them.

Owns which of them run. A stream that is paused or disabled has nobody who reads for it.
"""

import asyncio
from typing import Final

import structlog

from agents.signals.push_stream import Pusher, PushStream
from agents.signals.streams import Stream
from events.errors import TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PushStreams:
    """All pushed streams; used from one event loop."""

    def __init__(self, pusher: Pusher) -> None:
        """Prepare; `run` begins."""
        self._pusher: Final = pusher
        self._tasks: Final[dict[str, asyncio.Task[None]]] = {}
        self._shapes: Final[dict[str, object]] = {}

    async def run(self) -> None:
        """Serve every stream that is to be pushed, for ever.

        Raises:
            BiolatchError: a stream has met something that no repeat mends.
        """
        store = self._pusher.source.store
        try:
            while True:
                changed = store.changed()
                await self._reconcile()
                waits = [asyncio.ensure_future(changed.wait()), *self._tasks.values()]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                waits[0].cancel()
        finally:
            await self._end([*self._tasks])

    async def _reconcile(self) -> None:
        wanted = {
            stream.stream_id: stream
            for stream in self._pusher.source.store.all()
            if self._pusher.stream(stream.stream_id) is not None
        }
        for task in self._tasks.values():
            if task.done():
                task.result()  # a defect comes out here
        shapes = {stream_id: self._shape(stream) for stream_id, stream in wanted.items()}
        await self._end([each for each in self._tasks if shapes.get(each) != self._shapes[each]])
        for stream_id, stream in wanted.items():
            if stream_id not in self._tasks:
                self._shapes[stream_id] = shapes[stream_id]
                self._tasks[stream_id] = asyncio.create_task(self._keep_up(stream))

    def _shape(self, stream: Stream) -> object:
        """What of a stream its feed is made of; the rest it looks up each time."""
        return stream.begins_at, self._pusher.source.maker.reads_verdicts(stream)

    async def _keep_up(self, stream: Stream) -> None:
        failures = 0
        while True:
            try:
                await PushStream(self._pusher, stream).run()
            except TransientFailure as failure:
                failures += 1
                pause_s = self._pusher.backoff.pause_s(failures)
                _logger.warning(
                    "signals.stream-waiting",
                    stream=stream.stream_id,
                    code=failure.code,
                    reason=str(failure),
                    next_try_in_s=round(pause_s, 2),
                )
                await asyncio.sleep(pause_s)

    async def _end(self, stream_ids: list[str]) -> None:
        tasks = [self._tasks.pop(stream_id) for stream_id in stream_ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
