"""An agent as its users run it: a process of its own, to be watched, ended and killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.kafka import launcher
from tests.journeys.commands import BIOLATCH, environment

WAIT_S = 100.0


class AgentProcess:
    """`biolatch run --agents NAME`; it dies with this process, whatever happens."""

    def __init__(self, name: str, servers: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._program = (str(BIOLATCH), "run", "--agents", name)
        self._environment = {
            **environment(servers),
            "BIOLATCH_LOG__FORMAT": "json",
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._read_from = 0

    async def start(self) -> None:
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        bound = (sys.executable, "-I", "-S", launcher.__file__, "bound", str(os.getpid()))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *bound, str(self._pid_file), *self._program, env=self._environment, stderr=log
            )

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines about an event, since the last start."""
        text = self.log.read_bytes()[self._read_from :].decode()
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    async def until_said(self, event: str, times: int = 1) -> None:
        async with asyncio.timeout(WAIT_S):
            while len(self.said(event)) < times:
                assert self._process is not None
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.1)

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(how)
        async with asyncio.timeout(WAIT_S):
            return await self._process.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        code = await self.end(signal.SIGTERM if kind is None else signal.SIGKILL)
        assert kind is not None or code == 0, self.log.read_text()
