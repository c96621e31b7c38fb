"""The account of a stream of lines: how many were published, which were refused, where to go on."""

from collections import Counter
from collections.abc import Iterable
from typing import Final


class Account:
    """What has become of the lines so far.

    Attributes:
        published: events that Kafka has acknowledged, or that were only checked.
        refused: lines that are no events of biolatch, by code.
    """

    def __init__(self) -> None:
        """Nothing was read yet."""
        self.published = 0
        self.refused: Final[Counter[str]] = Counter()
        self._last_line = 0
        # In the order of the lines, because they are read in that order.
        self._on_their_way: Final[dict[int, None]] = {}

    def read(self, line: int) -> None:
        """A line was read and says nothing that needs publishing, or not yet."""
        self._last_line = line

    def refuse(self, line: int, code: str) -> None:
        """A line is no event."""
        self._last_line = line
        self.refused[code] += 1

    def take(self, line: int) -> None:
        """A line is an event on its way."""
        self._last_line = line
        self._on_their_way[line] = None

    def acknowledge(self, lines: Iterable[int]) -> None:
        """These events are stored."""
        for line in lines:
            del self._on_their_way[line]
            self.published += 1

    @property
    def next_line(self) -> int:
        """The first line that is not known to be dealt with: a later run goes on from there."""
        return next(iter(self._on_their_way), self._last_line + 1)
