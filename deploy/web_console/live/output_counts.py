"""How many outputs there were of each kind, minute by minute, for the last hour."""

from collections import Counter
from typing import Final, NamedTuple

from deploy.web_console.live.feed_row import FeedRow, OutputKind

MINUTES: Final = 60
_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1000
_RATE_S: Final = 10
"""Rates are those of the last ten whole seconds."""
_SECONDS_KEPT: Final = 2 * _RATE_S


class Counted(NamedTuple):
    """What is told apart."""

    kind: OutputKind
    name: str
    reason: str


class OutputCounts:
    """Counts by the broker's time; what is older than an hour is forgotten."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_minute: Final[dict[int, Counter[Counted]]] = {}
        self._by_second: Final[dict[int, Counter[OutputKind]]] = {}

    def add(self, row: FeedRow) -> None:
        """Count one output."""
        minute = row.timestamp_ms // _MINUTE_MS
        counts = self._by_minute.get(minute)
        if counts is None:
            counts = self._by_minute[minute] = Counter()
            _forget(self._by_minute, max(self._by_minute) - MINUTES)
        counts[Counted(row.kind, row.name, row.reason)] += 1
        second = row.timestamp_ms // _SECOND_MS
        of_second = self._by_second.get(second)
        if of_second is None:
            of_second = self._by_second[second] = Counter()
            _forget(self._by_second, max(self._by_second) - _SECONDS_KEPT)
        of_second[row.kind] += 1

    def per_second(self, kind: OutputKind, now_ms: int) -> float:
        """How many of a kind there were in a second, lately."""
        second = now_ms // _SECOND_MS
        counts = (self._by_second.get(second - ago, Counter()) for ago in range(1, _RATE_S + 1))
        return sum(each[kind] for each in counts) / _RATE_S

    def names_by_minute(self, kind: OutputKind, now_ms: int) -> list[Counter[str]]:
        """Of each minute of the last hour, the oldest first, how many there were of each name."""
        last = now_ms // _MINUTE_MS
        minutes: list[Counter[str]] = []
        for minute in range(last - MINUTES + 1, last + 1):
            names: Counter[str] = Counter()
            for counted, count in self._by_minute.get(minute, Counter[Counted]()).items():
                if counted.kind is kind:
                    names[counted.name] += count
            minutes.append(names)
        return minutes

    def reasons(self, kind: OutputKind, name: str, now_ms: int) -> Counter[str]:
        """How many outputs of that name there were in the last hour, by reason."""
        first = now_ms // _MINUTE_MS - MINUTES + 1
        reasons: Counter[str] = Counter()
        for minute, counts in self._by_minute.items():
            if minute >= first:
                for counted, count in counts.items():
                    if (counted.kind, counted.name) == (kind, name):
                        reasons[counted.reason] += count
        return reasons


def _forget(
    counts: dict[int, Counter[Counted]] | dict[int, Counter[OutputKind]], up_to: int
) -> None:
    for old in [each for each in counts if each <= up_to]:
        del counts[old]
