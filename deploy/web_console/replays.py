"""Dead letters published again, one at a time, on an operator's word; in the background.

What is done, and that it is done once, is `deploy.replay`'s: the same as `biolatch dead-letters
replay` does. Off unless it is switched on, because the console's own user writes nothing.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

import structlog

from deploy.inspection.topic_settings import settings_of
from deploy.records.connection import Connection
from deploy.records.topic_record import TopicRecord
from deploy.replay.letters import MEANINGS, Fate, Selection, original_place, place_of
from deploy.replay.replaying import Task, replay
from events.errors import Misconfigured, TransientFailure
from schemas.topics import DEVICE_EVENTS, Topology

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_KEPT_MAX: Final = 100
_KEEPS_EVERYTHING: Final = -1


@dataclass(slots=True)
class ReplayJob:
    """One letter on its way.

    Attributes:
        done, total: how far the look for an earlier replay has come, in offsets.
        outcome: what became of it, in words; empty while it goes on.
        is_published: whether it was published again now.
    """

    done: int = 0
    total: int = 0
    outcome: str = ""
    is_published: bool = False

    def progress(self, done: int, total: int) -> None:
        """So many of so many offsets have been passed."""
        self.done, self.total = done, total


class Replays:
    """The letters that were replayed from this console since it began."""

    def __init__(
        self, connection: Connection, application: str, topology: Topology, *, is_on: bool
    ) -> None:
        """Begin with none.

        Args:
            connection: where, as a user who may publish to the input.
            application: begins the transactional id.
            topology: the topics.
            is_on: whether anything may be replayed.
        """
        self.is_on: Final = is_on
        self._connection: Final = connection
        self._application: Final = application
        self._topology: Final = topology
        self._jobs: Final[dict[str, ReplayJob]] = {}
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        # A replay ends every other one, so they take turns.
        self._turn: Final = asyncio.Lock()

    def of(self, letter: TopicRecord) -> ReplayJob | None:
        """What this console has done about a letter; None: nothing."""
        return self._jobs.get(place_of(letter))

    def begin(self, letter: TopicRecord) -> None:
        """Publish the letter again, unless that is going on."""
        place = place_of(letter)
        before = self._jobs.pop(place, None)
        if before is not None and not before.outcome:
            self._jobs[place] = before
            return
        if len(self._jobs) >= _KEPT_MAX:
            del self._jobs[next(iter(self._jobs))]
        job = self._jobs[place] = ReplayJob()
        task = asyncio.create_task(self._replay(letter, job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End all that is going on; what was not published by then is not."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _replay(self, letter: TopicRecord, job: ReplayJob) -> None:
        try:
            async with self._turn:
                fate = await self._fate(letter, job)
            job.is_published = fate is Fate.PUBLISHED
            job.outcome = MEANINGS[fate]
        except (TransientFailure, Misconfigured) as error:
            job.outcome = str(error)
        except Exception:
            job.outcome = "a fault of the console; its log says more"
            _logger.exception("console.replay-defect")

    async def _fate(self, letter: TopicRecord, job: ReplayJob) -> Fate:
        place = original_place(letter)
        if place is None:
            return Fate.NOT_OF_THE_INPUT
        task = Task(
            application=self._application,
            selection=Selection(
                partition=place.partition, from_offset=place.offset, to_offset=place.offset
            ),
            since_ms=letter.timestamp_ms,
            oldest_ms=await self._oldest_ms(),
            dry_run=False,
        )
        replays = await replay(self._connection, task, on_progress=job.progress)
        fates = {place_of(each.letter): each.fate for each in replays}
        return fates.get(place_of(letter), Fate.TOO_OLD)

    async def _oldest_ms(self) -> int | None:
        """How old a letter may be: as old as its mark, if there is one, is still in the input."""
        settings = await settings_of(self._connection, self._topology)
        kept_ms = int(settings[DEVICE_EVENTS]["retention.ms"])
        return None if kept_ms == _KEEPS_EVERYTHING else int(time.time() * 1000) - kept_ms
