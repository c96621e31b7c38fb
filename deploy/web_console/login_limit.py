"""How often somebody may try to log in with a token that nobody has."""

import time
from collections import deque
from typing import Final

from deploy.web_console.sessions import Clock

_WINDOW_S: Final = 60.0
_FAILURES_OF_ONE_MAX: Final = 5
_FAILURES_OF_ALL_MAX: Final = 60
"""Whoever has many addresses shares this; logins that succeed are never counted."""
_ADDRESSES_MAX: Final = 10_000


class LoginLimit:
    """Failed logins of the last minute, of each address and of all together."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        """Begin with none."""
        self._clock: Final = clock
        self._by_address: Final[dict[str, deque[float]]] = {}
        self._all: Final[deque[float]] = deque()

    def wait_s(self, address: str) -> float:
        """How long this address has to wait before it may try again; 0 where it need not."""
        now_s = self._clock()
        of_one = self._by_address.get(address, deque[float]())
        waits = (
            _wait_s(failures, limit, now_s)
            for failures, limit in (
                (of_one, _FAILURES_OF_ONE_MAX),
                (self._all, _FAILURES_OF_ALL_MAX),
            )
        )
        return max(waits)

    def count_failure(self, address: str) -> None:
        """A login of this address failed."""
        now_s = self._clock()
        if address not in self._by_address and len(self._by_address) >= _ADDRESSES_MAX:
            # Those of all together still count.
            self._by_address.clear()
        failures = self._by_address.setdefault(address, deque(maxlen=_FAILURES_OF_ONE_MAX))
        failures.append(now_s)
        self._all.append(now_s)
        while len(self._all) > _FAILURES_OF_ALL_MAX:
            self._all.popleft()


def _wait_s(failures: deque[float], limit: int, now_s: float) -> float:
    if len(failures) < limit:
        return 0.0
    return max(0.0, failures[-limit] + _WINDOW_S - now_s)
