"""`biolatch run` in a process of its own, to be hurt; and what its log tells of it."""

import asyncio
import signal
import sys
import time
from pathlib import Path

from tests.auditor.policy import Policy
from tests.faults.lane_workers import WAIT_S, WorkerProcess

SESSION_TIMEOUT_S = 3.0
POLICY = Policy(version="campaign", attempts_per_minute=600)
"""Months of a phone pass within seconds: the flood guard has to let most of them through."""


class DevicesWorker(WorkerProcess):
    """A real worker with a short session, so that a test need not wait long for its end.

    Attributes:
        start_took_s: from the last start until it joined; 0 before that.
    """

    program = (str(Path(sys.executable).with_name("biolatch")), "run")

    def __init__(self, name: str, servers: str, folder: Path) -> None:
        super().__init__(name, servers, folder)
        self._lines_before = 0
        self._started_s = 0.0
        self.start_took_s = 0.0
        del self.environment["BIOLATCH_LANE__BATCH_RECORDS_MAX"]
        self.environment |= {
            "BIOLATCH_APPLICATION__NAME": "biolatch",
            "BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S": f"{SESSION_TIMEOUT_S}",
            "BIOLATCH_MEMBERSHIP__HEARTBEAT_INTERVAL_S": "0.9",
            "BIOLATCH_MEMBERSHIP__REBALANCE_TIMEOUT_S": "10",
            "BIOLATCH_POLICY__VERSION": POLICY.version,
            "BIOLATCH_POLICY__ATTEMPTS_PER_MINUTE_MAX": str(POLICY.attempts_per_minute),
        }

    async def start(self) -> None:
        self._lines_before = len(self._lines())
        self._started_s, self.start_took_s = time.monotonic(), 0.0
        await super().start()

    async def joined(self) -> None:
        await super().joined()
        self.start_took_s = self.start_took_s or time.monotonic() - self._started_s

    async def serving(self) -> None:
        """Wait as a readiness probe does: until it has read rows, and serves them."""
        await self.joined()
        async with asyncio.timeout(WAIT_S):
            while not self.said("lane.serving"):  # noqa: ASYNC110 - its log tells later
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        await self.end(signal.SIGKILL)

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.returncode is not None

    def said(self, event: str) -> int:
        """How often the log names this event since the last start."""
        return sum(event.encode() in line for line in self._lines()[self._lines_before :])

    def _lines(self) -> list[bytes]:
        return self.log.read_bytes().splitlines() if self.log.exists() else []
