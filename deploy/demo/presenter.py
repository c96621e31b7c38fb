"""What a show tells its viewers: how the stage is set, the story, and the sum of it all."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.demo.observer import OutputCounts
from deploy.demo.player import Audience, Played


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The sum of a show.

    Attributes:
        rows: how many rows the story has.
        played: what was played of it.
        counts: everything that was on the output topics at its end.
        took_s: from the first moment to the last.
        kept: where Kafka's data is kept and how to reach it; None if everything is gone.
    """

    rows: int
    played: Played
    counts: OutputCounts
    took_s: float
    kept: "KeptKafka | None"

    @property
    def is_as_promised(self) -> bool:
        """Whether every row came out as it should, and nothing else was written."""
        return self.rows_kept == self.rows and self.played.accounts_for(self.counts)

    @property
    def rows_kept(self) -> int:
        """How many rows came out as promised."""
        return sum(self.played.rows.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptKafka:
    """A broker that goes on running after the show."""

    bootstrap_servers: str
    data: Path


class Presenter(Audience, Protocol):
    """Tells viewers everything while it happens."""

    def begins(self, rows: int) -> None:
        """A show of so many rows begins."""
        ...

    def preparing(self, what: str) -> "AbstractContextManager[Preparation]":
        """A part of the stage is being set up within the block."""
        ...

    def ends(self, summary: Summary) -> None:
        """All is over."""
        ...


class Preparation(Protocol):
    """One part of the stage on its way."""

    def goes_on(self, words: str) -> None:
        """It does this right now; may be called from any thread."""
        ...

    def is_ready(self, words: str) -> None:
        """It is there, as these words say."""
        ...


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that so large a share of them does not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def most_common(counter: Counter[str]) -> list[tuple[str, int]]:
    """Names with their counts: the largest first, then by name, the same in every run."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))
