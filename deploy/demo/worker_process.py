"""The worker as a child process: the real `biolatch run`, with its log in sight.

It hears nothing of Ctrl-C, so that it can end in good order, and it cannot outlive the process
that started it (on Linux; elsewhere that process has to end it, which it does).
"""

import asyncio
import json
import os
import sysconfig
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from agents.settings import OTHER_VARIABLES, PREFIX
from deploy.child_processes import ask_to_end, bound, ended
from events.errors import InvariantBroken, TransientFailure

_SERVING: Final = "lane.serving"
_SERVING_WAIT_S: Final = 60.0
_END_WAIT_S: Final = 20.0
_LINES_KEPT: Final = 12


class WorkerProcess:
    """A running worker; `worker` starts one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Listen to this process."""
        self._process: Final = process
        self._serving: Final[set[int]] = set()
        self._lines: Final[deque[str]] = deque(maxlen=_LINES_KEPT)
        self._news: Final = asyncio.Event()
        self._listening: Final = asyncio.create_task(self._listen(), name="worker log")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self._lines)

    def check_alive(self) -> None:
        """Do nothing, as long as it runs.

        Raises:
            InvariantBroken: it ended by itself.
        """
        if self._listening.done():
            raise InvariantBroken(
                "demo.worker-ended", f"the worker ended; its last words:\n{self.last_words}"
            )

    async def until_serving(self, partitions: int) -> None:
        """Return when so many partitions are being served.

        Raises:
            InvariantBroken: the worker ended.
            TransientFailure: it was not that far in time.
        """
        try:
            async with asyncio.timeout(_SERVING_WAIT_S):
                while len(self._serving) < partitions:
                    self.check_alive()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TransientFailure(
                "demo.worker-slow",
                f"the worker does not serve after {_SERVING_WAIT_S:.0f} s; its last words:\n"
                f"{self.last_words}",
            ) from None

    async def finish(self) -> None:
        """Let it end in good order, as it has to.

        Raises:
            InvariantBroken: it did not.
        """
        self.check_alive()
        await self.end()
        if self._process.returncode != 0:
            raise InvariantBroken(
                "demo.worker-failed",
                f"the worker ended with code {self._process.returncode}; its last words:\n"
                f"{self.last_words}",
            )

    async def end(self) -> None:
        """Let it end in good order; if it does not, kill it."""
        ask_to_end(self._process)
        await ended(self._process, wait_s=_END_WAIT_S)
        await self._listening

    async def _listen(self) -> None:
        stderr = self._process.stderr
        while stderr is not None and (line := await stderr.readline()):
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            if _SERVING in text:
                self._serving.add(json.loads(text)["partition"])
            self._news.set()
        self._news.set()


@asynccontextmanager
async def worker(bootstrap_servers: str, folder: Path) -> AsyncGenerator[WorkerProcess]:
    """`biolatch run` on this Kafka, as long as the block runs; the folder takes its process id."""
    of_others = {name for name in os.environ if name.startswith(PREFIX)} - OTHER_VARIABLES
    environment = {name: value for name, value in os.environ.items() if name not in of_others}
    program = [str(Path(sysconfig.get_path("scripts")) / "biolatch"), "run"]
    process = await asyncio.create_subprocess_exec(
        *bound(program, folder / "worker.pid"),
        env=environment
        | {
            f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
            f"{PREFIX}LOG__FORMAT": "json",
            f"{PREFIX}LOG__LEVEL": "info",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    running = WorkerProcess(process)
    try:
        yield running
    finally:
        await running.end()
