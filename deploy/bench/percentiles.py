"""Percentiles of measured values, by the nearest rank: always a value that was measured."""

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (above 0, at most 1) of the values reach.

    Raises:
        IndexError: there are no values.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]
