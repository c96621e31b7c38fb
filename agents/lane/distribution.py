"""How values are spread: counted in fixed buckets, so that many workers' can be added up."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final


class Distribution:
    """Values, by the smallest bound that is not below them.

    Attributes:
        bounds: of the buckets, rising; behind them is one for all that is larger.
        counts: how many values each bucket has, the one without a bound last.
        total: the sum of all values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Begin with no value."""
        self.bounds: Final = tuple(bounds)
        self.counts: Final = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Count a value that came so many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times
