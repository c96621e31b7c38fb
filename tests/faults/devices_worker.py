"""`biolatch run` in a process of its own, to be hurt; and what its log tells of it."""

import signal
import sys
from pathlib import Path

from tests.auditor.policy import Policy
from tests.faults.lane_workers import WorkerProcess

SESSION_TIMEOUT_S = 3.0
POLICY = Policy(version="campaign", attempts_per_minute=600)
"""Months of a phone pass within seconds: the flood guard has to let most of them through."""


class DevicesWorker(WorkerProcess):
    """A real worker with a short session, so that a test need not wait long for its end."""

    program = (str(Path(sys.executable).with_name("biolatch")), "run")

    def __init__(self, name: str, servers: str, folder: Path) -> None:
        super().__init__(name, servers, folder)
        self._lines_before = 0
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
        await super().start()

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
