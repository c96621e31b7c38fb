"""Counts and lags as shapes; the template draws them, so that they follow light and dark.

Pure. Widths and heights are of a box of 600 x 100; words stand beside the picture as text, so that
they keep their size on a phone.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 600.0
HEIGHT: Final = 100.0
_BAR_SHARE: Final = 0.8
"""Of a minute's room; the rest is the gap."""


class Bar(NamedTuple):
    """A piece of a column.

    Attributes:
        x, y, width, height: where.
        name: what it counts; the style sheet knows its colour.
    """

    x: float
    y: float
    width: float
    height: float
    name: str


class Series(NamedTuple):
    """A name and how many there were in all."""

    name: str
    total: int


class ColumnChart(NamedTuple):
    """Counts over time, one column for each span of time.

    Attributes:
        bars: all pieces.
        top: what the upper edge stands for.
        series: the names, most frequent first.
    """

    bars: tuple[Bar, ...]
    top: int
    series: tuple[Series, ...]

    @property
    def total(self) -> int:
        """Of all."""
        return sum(each.total for each in self.series)


class AreaChart(NamedTuple):
    """A measure over time.

    Attributes:
        outline: the points of the area, as SVG wants them.
        top: what the upper edge stands for.
    """

    outline: str
    top: float


def column_chart(columns: Sequence[Counter[str]], order: Sequence[str]) -> ColumnChart:
    """Columns of stacked counts.

    Args:
        columns: the counts, the oldest first.
        order: names from the bottom up; others stand above them.
    """
    totals: Counter[str] = Counter()
    for column in columns:
        totals.update(column)
    names = [*order, *sorted(totals.keys() - set(order))]
    top = nice_top(max((column.total() for column in columns), default=0))
    room = WIDTH / max(1, len(columns))
    bars: list[Bar] = []
    for place, column in enumerate(columns):
        y = HEIGHT
        for name in names:
            if count := column[name]:
                height = HEIGHT * count / top
                y -= height
                bars.append(
                    Bar(
                        _short(place * room),
                        _short(y),
                        _short(room * _BAR_SHARE),
                        _short(height),
                        name,
                    )
                )
    series = tuple(Series(name, count) for name, count in totals.most_common())
    return ColumnChart(tuple(bars), top, series)


def area_chart(points: Sequence[tuple[int, float]], *, from_ms: int, to_ms: int) -> AreaChart:
    """A filled curve through instants and values."""
    top = float(nice_top(max((value for _, value in points), default=0)))
    if not points:
        return AreaChart("", top)
    span_ms = max(1, to_ms - from_ms)
    places = [
        (WIDTH * (at_ms - from_ms) / span_ms, HEIGHT * (1 - value / top)) for at_ms, value in points
    ]
    outline = [(places[0][0], HEIGHT), *places, (places[-1][0], HEIGHT)]
    return AreaChart(" ".join(f"{_short(x)},{_short(y)}" for x, y in outline), top)


def shares(counts: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    """One row of pieces, as wide as their shares."""
    total = sum(count for _, count in counts)
    x, bars = 0.0, list[Bar]()
    for name, count in counts:
        if count:
            width = WIDTH * count / total
            bars.append(Bar(_short(x), 0, _short(width), HEIGHT, name))
            x += width
    return tuple(bars)


def nice_top(value: float) -> int:
    """The smallest of 1, 2, 3, 4, 6, 8, 10, 20 ... that is not below the value; at least 1."""
    step = 1
    while True:
        for factor in (1, 2, 3, 4, 6, 8):
            if factor * step >= value:
                return factor * step
        step *= 10


def _short(number: float) -> float:
    return round(number, 2)
