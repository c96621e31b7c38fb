"""When to leave a destination alone: a circuit breaker, and what a destination itself asks for.

Pure: the time is passed in. Invariant: while it is open, one try at a time gets through, as a
probe, and none before its time.
"""

import random
from enum import StrEnum
from typing import Final

from agents.delivery.backoff import Backoff

_PROBE_AGAIN_S: Final = 0.5
"""How soon to ask again while somebody else's probe is on its way."""


class BreakerState(StrEnum):
    """Whether a destination is tried."""

    CLOSED = "closed"
    """It is, by everybody."""
    OPEN = "open"
    """It is not: it has failed too often, or asked for a pause."""
    HALF_OPEN = "half_open"
    """One try is on its way, to see whether it is back."""


class Breaker:
    """The circuit breaker of one destination; used from one event loop.

    Whoever wants to try asks `admit`, and tries if the answer is None; then says how it went, by
    exactly one of `succeeded`, `failed` and `gave_up`.

    Attributes:
        state: whether the destination is tried.
    """

    def __init__(self, *, failures_max: int, pause: Backoff, jitter: random.Random) -> None:
        """Begin closed.

        Args:
            failures_max: so many failures in a row open it.
            pause: for how long; longer after each probe that failed.
            jitter: spreads the probes of several workers.
        """
        self.state = BreakerState.CLOSED
        self._failures_max = failures_max
        self._pause = pause
        self._jitter = jitter
        self._failures = 0
        self._openings = 0
        self._probe_at_s = 0.0

    def admit(self, now_s: float) -> float | None:
        """None: try now. Otherwise so many seconds until it is worth asking again."""
        match self.state:
            case BreakerState.CLOSED:
                return None
            case BreakerState.HALF_OPEN:
                return _PROBE_AGAIN_S * self._jitter.uniform(0.5, 1.0)
            case BreakerState.OPEN:
                if now_s < self._probe_at_s:
                    return self._probe_at_s - now_s
                self.state = BreakerState.HALF_OPEN
                return None

    def succeeded(self) -> bool:
        """The destination has answered as it should; whether that closed the breaker."""
        was_open = self.state is not BreakerState.CLOSED
        self.state = BreakerState.CLOSED
        self._failures = self._openings = 0
        return was_open

    def failed(self, now_s: float, asked_for_s: float | None = None) -> bool:
        """The destination has failed; whether that opened the breaker, which was closed.

        Args:
            now_s: the time.
            asked_for_s: the pause that the destination has asked for: it opens at once for so long.
        """
        was_closed = self.state is BreakerState.CLOSED
        if self.state is BreakerState.OPEN:
            # A try that began before it opened says nothing new, but for a longer pause.
            self._probe_at_s = max(self._probe_at_s, now_s + (asked_for_s or 0.0))
            return False
        self._failures += 1
        if was_closed and asked_for_s is None and self._failures < self._failures_max:
            return False
        if asked_for_s is None:
            self._probe_at_s = now_s + self._pause.pause_s(self._openings, self._jitter)
            self._openings += 1
        else:
            self._probe_at_s = now_s + asked_for_s
        self.state = BreakerState.OPEN
        return was_closed

    def gave_up(self) -> None:
        """The try said nothing about the destination (it was cancelled); the next one probes."""
        if self.state is BreakerState.HALF_OPEN:
            self.state = BreakerState.OPEN
