"""What the figures were measured on; without it they say little."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.bench.pace import pace_ms
from deploy.kafka.jars import kafka_version, locked_jars

_LINUX_PROCESSORS: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine and what runs on it.

    Attributes:
        processor: as the system names it.
        cores: how many this process may use.
        memory_bytes: in all.
        system, python: with their versions.
        kafka: version of the embedded broker; None where the broker is not ours.
        load_before: processes that wanted to run, averaged over the minute before.
        pace_ms: how fast it was then, by `deploy.bench.pace`.
    """

    processor: str
    cores: int
    memory_bytes: int
    system: str
    python: str
    kafka: str | None
    load_before: float
    pace_ms: float


def this_machine(*, own_broker: bool) -> Machine:
    """The machine as it is now; to be asked before anything is started."""
    memory_bytes: int = psutil.virtual_memory().total
    return Machine(
        processor=_processor(),
        cores=usable_cores(),
        memory_bytes=memory_bytes,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        kafka=kafka_version(locked_jars()) if own_broker else None,
        load_before=os.getloadavg()[0],
        pace_ms=pace_ms(),
    )


def usable_cores() -> int:
    """How many this process may use."""
    # Only some systems can bind a process to cores, and so can tell.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _processor() -> str:
    if _LINUX_PROCESSORS.exists():
        for line in _LINUX_PROCESSORS.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
