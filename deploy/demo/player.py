"""Plays a story: publishes each event, waits for what it leads to, and compares.

Owns the order of things and what is measured. Must never decide what is shown; that is the
`Audience`. Latency is the time from Kafka's acknowledgement of an event, as its publisher saw it,
to the moment at which a `read_committed` reader had its verdict and all its decisions.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from deploy.demo.backend_process import BackendProcess
from deploy.demo.checking import differences
from deploy.demo.observer import Answer, Observer, OutputCounts
from deploy.demo.phone_screen import shown
from deploy.demo.script import Row, Step

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one step.

    Attributes:
        answer: what biolatch wrote.
        latency_ms: from acknowledged to seen.
        phone: what the phone shows.
        differences: from what was expected; empty when it is right.
    """

    answer: Answer
    latency_ms: float
    phone: str
    differences: tuple[str, ...]


@dataclass(slots=True)
class Played:
    """The whole story so far.

    Attributes:
        rows: whether each row came out as promised, in order.
        events: how many events of each type were published.
        decisions_due: how many decisions all the steps together had to lead to.
        latencies_ms: of every step with a verdict, in order.
        is_cut_short: an event got no verdict, so the rest was not told.
    """

    rows: dict[str, bool] = field(default_factory=dict[str, bool])
    events: Counter[str] = field(default_factory=Counter[str])
    decisions_due: int = 0
    latencies_ms: list[float] = field(default_factory=list[float])
    is_cut_short: bool = False

    def accounts_for(self, counts: OutputCounts) -> bool:
        """Whether nothing else was written: a verdict for each event, once, and due decisions."""
        return (
            counts.verdicts.total() == self.events.total()
            and counts.decisions.total() == self.decisions_due
            and counts.dead_letters == counts.repeated == 0
        )


class Audience(Protocol):
    """Is told everything while it happens."""

    def row_begins(self, number: int, row: Row) -> None:
        """The row of that number, from 1, is next."""
        ...

    def publishes(self, row: Row, step: Step) -> None:
        """The backend publishes the step's event now."""
        ...

    def hears(self, row: Row, step: Step, outcome: Outcome) -> None:
        """This is what came of it."""
        ...

    def row_ends(self, number: int, row: Row, *, kept: bool) -> None:
        """All steps of the row are done."""
        ...


class Player:
    """Lets a backend publish a story, and hears what an observer sees of it."""

    def __init__(
        self,
        backend: BackendProcess,
        observer: Observer,
        audience: Audience,
        *,
        pace_s: float,
        answer_wait_s: float,
    ) -> None:
        """Prepare.

        Args:
            backend: publishes.
            observer: watches what biolatch writes.
            audience: is told.
            pace_s: pause behind each step.
            answer_wait_s: how long the outputs of one event may take.
        """
        self._backend: Final = backend
        self._observer: Final = observer
        self._audience: Final = audience
        self._pace_s: Final = pace_s
        self._answer_wait_s: Final = answer_wait_s
        self._played: Final = Played()

    async def play(self, rows: Iterable[Row]) -> Played:
        """Play the rows. A difference does not end the story; an event without a verdict does.

        Raises:
            TransientFailure: the backend or Kafka stopped answering.
        """
        for number, row in enumerate(rows, start=1):
            self._audience.row_begins(number, row)
            kept = await self._play_row(row)
            self._played.rows[row.name] = kept
            self._audience.row_ends(number, row, kept=kept)
            if self._played.is_cut_short:
                break
        return self._played

    async def _play_row(self, row: Row) -> bool:
        kept = True
        for step in row.steps:
            self._audience.publishes(row, step)
            outcome = await self._outcome(step)
            self._audience.hears(row, step, outcome)
            kept = kept and not outcome.differences
            self._played.events[step.event.name] += 1
            self._played.decisions_due += len(step.decisions)
            if outcome.answer.verdict is None:
                self._played.is_cut_short = True
                break
            self._played.latencies_ms.append(outcome.latency_ms)
            await asyncio.sleep(self._pace_s)
        return kept

    async def _outcome(self, step: Step) -> Outcome:
        published = await self._backend.publish(step.event)
        answer = await self._observer.answer(
            published.partition,
            published.offset,
            step.event.device,
            wait_s=self._answer_wait_s,
        )
        found = differences(step, answer)
        if step.untraceable is not None:
            carrying = self._observer.topics_with(step.untraceable)
            found += [f"{topic} carries what should be nowhere" for topic in carrying]
        return Outcome(
            answer=answer,
            latency_ms=(answer.seen_ns - published.acknowledged_ns) / _NS_PER_MS,
            phone=shown(step.event, answer),
            differences=tuple(found),
        )
