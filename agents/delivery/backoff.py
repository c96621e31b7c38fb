"""How long to wait before the next try: longer each time, spread at random, bounded."""

import random
from dataclasses import dataclass
from typing import Final

_DOUBLINGS_MAX: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential back-off with jitter.

    Half of each pause is certain and half is drawn, so that those who failed together come back
    spread, and nobody comes back at once.

    Attributes:
        s_min: the longest first pause; doubles with each failure in a row.
        s_max: the longest pause of all.
    """

    s_min: float
    s_max: float

    def pause_s(self, failures_before: int, jitter: random.Random) -> float:
        """The pause after a failure that had so many before it in a row."""
        longest_s = min(self.s_max, self.s_min * 2.0 ** min(failures_before, _DOUBLINGS_MAX))
        return longest_s * jitter.uniform(0.5, 1.0)
