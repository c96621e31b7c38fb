"""A worker that is watched through its log, and hurt."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from deploy.bench.child_process import Child, biolatch, child
from events.errors import TransientFailure

_LOOK_EVERY_S: Final = 0.02
_WAIT_S_MAX: Final = 120.0
_NO_LONGER_SERVED: Final = frozenset({"lane.closed", "lane.reopening", "lane.parked"})


class Worker:
    """A running worker; `worker` starts one."""

    def __init__(self, running: Child, log: Path) -> None:
        """Watch this process through its log."""
        self.process: Final = running
        self.started_s: Final = time.monotonic()
        self._log: Final = log

    def openings(self) -> list[dict[str, Any]]:
        """What it says of each lane that it has opened."""
        return [line for line in self._lines() if line.get("event") == "lane.serving"]

    def serves(self) -> frozenset[int]:
        """The partitions that it serves now."""
        served: set[int] = set()
        for line in self._lines():
            if line.get("event") == "lane.serving":
                served.add(line["partition"])
            elif line.get("event") in _NO_LONGER_SERVED:
                served.discard(line["partition"])
        return frozenset(served)

    def _lines(self) -> list[dict[str, Any]]:
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [json.loads(line) for line in said if line.startswith("{") and line.endswith("}")]

    async def until_it_serves(self, wanted: Callable[[frozenset[int]], bool]) -> None:
        """Return when the partitions that it serves are as wanted.

        Raises:
            InvariantBroken: it has ended.
            TransientFailure: it took too long.
        """
        try:
            async with asyncio.timeout(_WAIT_S_MAX):
                while not wanted(self.serves()):
                    self.process.check_alive()
                    await asyncio.sleep(_LOOK_EVERY_S)
        except TimeoutError:
            raise TransientFailure(
                "bench.worker-slow",
                f"{self.process.name} does not serve what it should after {_WAIT_S_MAX:.0f} s; "
                f"its last words:\n{self.process.last_words}",
            ) from None


@asynccontextmanager
async def worker(name: str, folder: Path, environment: Mapping[str, str]) -> AsyncGenerator[Worker]:
    """A worker as it is shipped, as long as the block runs."""
    async with child(name, biolatch("run"), folder=folder, environment=environment) as running:
        yield Worker(running, folder / f"{name}.log")
