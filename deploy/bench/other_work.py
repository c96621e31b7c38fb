"""How much of the machine others took meanwhile: the difference between a figure and noise."""

import os
import time
from typing import Any, Final, NamedTuple

import psutil

_IDLE: Final = frozenset({"idle", "iowait", "guest", "guest_nice"})
"""What is no work, or counted among other work already."""


class _Taken(NamedTuple):
    at_s: float
    by_all_s: float
    by_us_s: float


class OtherWork:
    """Watches from its creation on."""

    def __init__(self) -> None:
        """Begin."""
        self._start: Final = _taken()

    def share(self) -> float:
        """Processor time that neither this process nor its children took, as a share of all."""
        start, now = self._start, _taken()
        possible_s = (now.at_s - start.at_s) * (os.cpu_count() or 1)
        others_s = (now.by_all_s - start.by_all_s) - (now.by_us_s - start.by_us_s)
        return max(0.0, others_s / possible_s)


def _taken() -> _Taken:
    machine: Any = psutil.cpu_times()
    by_all_s = sum(value for name, value in machine._asdict().items() if name not in _IDLE)
    this = psutil.Process()
    by_us_s = _with_ended_children_s(this)
    for child in this.children(recursive=True):
        try:
            by_us_s += _with_ended_children_s(child)
        except psutil.NoSuchProcess:  # it ended just now
            continue
    return _Taken(time.monotonic(), by_all_s, by_us_s)


def _with_ended_children_s(process: psutil.Process) -> float:
    times: Any = process.cpu_times()
    total_s: float = times.user + times.system + times.children_user + times.children_system
    return total_s
