"""Looking for devices in the background: few at a time, each with its progress, none twice."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.exceptions import HTTPException

from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.web_console.device_story import DeviceStory, LookupRequest, read_story
from deploy.web_console.live.states_view import StatesView
from events.errors import Misconfigured, TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_AT_ONCE_MAX: Final = 2
_UNFINISHED_MAX: Final = 20
_KEPT_MAX: Final = 30
_FRESH_S: Final = 20.0
"""So long the answer of a look is not looked for again, unless somebody says so."""
_WAIT_S: Final = 1.0
"""Most looks end within this, and their page need not show a progress bar."""


@dataclass(slots=True)
class Lookup:
    """One look.

    Attributes:
        request: what for.
        done, total: how far it has come, in offsets.
        story: what was found.
        trouble: why nothing could be found out.
        ended_s: when it ended; None while it goes on.
    """

    request: LookupRequest
    done: int = 0
    total: int = 0
    story: DeviceStory | None = None
    trouble: str = ""
    ended_s: float | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def progress(self, done: int, total: int) -> None:
        """So many of so many offsets have been passed."""
        self.done, self.total = done, total


class Lookups:
    """All looks of one console."""

    def __init__(self, connection: Connection, states: StatesView) -> None:
        """Begin with none."""
        self._connection: Final = connection
        self._states: Final = states
        self._turns: Final = asyncio.Semaphore(_AT_ONCE_MAX)
        self._kept: Final[dict[LookupRequest, Lookup]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def look_up(self, request: LookupRequest) -> Lookup:
        """The look for this: one that is under way or fresh, or else a new one.

        Waits a moment, in which most of them end.

        Raises:
            HTTPException: too many are under way.
        """
        lookup = self._kept.get(request)
        if lookup is None or _is_stale(lookup):
            lookup = self._begin(request)
        with suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_S):
                await lookup.finished.wait()
        return lookup

    def forget(self, device: str) -> None:
        """Look anew the next time."""
        ended = [
            request
            for request, lookup in self._kept.items()
            if request.device == device and lookup.finished.is_set()
        ]
        for request in ended:
            del self._kept[request]

    async def close(self) -> None:
        """End all that is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, request: LookupRequest) -> Lookup:
        if len(self._tasks) >= _UNFINISHED_MAX:
            raise HTTPException(503, "Too many searches are under way. Try again in a moment.")
        self._kept.pop(request, None)
        ended = [each for each, lookup in self._kept.items() if lookup.finished.is_set()]
        if len(self._kept) >= _KEPT_MAX and ended:
            del self._kept[ended[0]]
        lookup = self._kept[request] = Lookup(request)
        task = asyncio.create_task(self._look(lookup))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return lookup

    async def _look(self, lookup: Lookup) -> None:
        try:
            async with self._turns, TopicReader(self._connection) as reader:
                lookup.story = await read_story(
                    reader, self._states, lookup.request, lookup.progress
                )
        except (TransientFailure, Misconfigured) as error:
            lookup.trouble = str(error)
        except Exception:
            lookup.trouble = "a fault of the console; its log says more"
            _logger.exception("console.lookup-defect")
        finally:
            lookup.ended_s = time.monotonic()
            lookup.finished.set()


def _is_stale(lookup: Lookup) -> bool:
    ended_s = lookup.ended_s
    return ended_s is not None and (bool(lookup.trouble) or time.monotonic() - ended_s > _FRESH_S)
