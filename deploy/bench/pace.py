"""How fast the machine is at this moment: virtual ones change their speed, and nobody says so."""

import time
from typing import Final

_PIECES: Final = 5
_STEPS: Final = 200_000


def pace_ms() -> float:
    """Processor time that a fixed piece of Python takes now; the least of some attempts.

    Figures can be compared as far as this is the same, whatever else is.
    """
    return min(_piece_s() for _ in range(_PIECES)) * 1000


def _piece_s() -> float:
    start_s = time.process_time()
    seen: dict[int, int] = {}
    for step in range(_STEPS):
        seen[step & 1023] = step * step % 7
    return time.process_time() - start_s
