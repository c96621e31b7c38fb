"""Between the workers and the broker: requests that are lost, late, unanswered, or never end."""

import asyncio
import random
from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from agents.lane.log import LogFailure
from agents.lane.memory import Answer, MemoryLog
from agents.lane.port import Partition
from tests.simulation.faults import Faults
from tests.simulation.trace import Trace


class Sender(Protocol):
    """Who sends a request: a worker, which may be frozen or dead by now."""

    name: str

    async def runs(self) -> None:
        """Wait as long as it is frozen; LogFailure when it is dead."""
        ...

    def crash(self) -> None:
        """End it as kill -9 does."""
        ...


_WRITES = ("begin", "write", "offset", "commit")
_RECOVERY = ("open", "restore", "bounds")

sender: ContextVar[Sender] = ContextVar("sender")
"""Whose task this is."""


class SimulatedLog(MemoryLog):
    """A broker behind a bad network. What has been sent arrives, whatever becomes of its sender."""

    def __init__(self, chance: random.Random, faults: Faults, trace: Trace) -> None:
        super().__init__()
        self.trace = trace
        self.calm = False
        self._chance = chance
        self._faults = faults

    async def request(
        self, operation: str, partition: Partition, effect: Callable[[], Answer]
    ) -> Answer:
        """See `MemoryLog.request`."""
        worker = sender.get()
        name = f"{worker.name} {operation} {partition.number}"
        await self._moment(worker, operation)
        fate = self._fate(operation)
        if fate == "request late":
            self._deliver_late(name, operation, effect)
        await self._travel()
        if fate in ("request lost", "request late"):
            self._note(fate, operation, name)
            raise LogFailure(f"no answer to {operation}")
        answer = self._take_effect(name, operation, effect)
        if fate == "request hung" and operation != "fetch":  # a lane's waits have deadlines
            self._note(fate, operation, name)
            await asyncio.Event().wait()
        await self._travel()
        await self._moment(worker, operation)
        if fate == "answer lost":
            self._note(fate, operation, name)
            raise LogFailure(f"no answer to {operation}")
        return answer

    def _fate(self, operation: str) -> str:
        roll, faults = self._chance.random(), self._faults
        if self.calm:
            return "fine"
        for fate, share in (
            ("request lost", faults.lost),
            ("answer lost", faults.unanswered),
            ("request late", faults.late_commit if operation == "commit" else faults.late),
            ("request hung", faults.hung),
        ):
            if roll < share:
                return fate
            roll -= share
        return "fine"

    def _note(self, fate: str, operation: str, name: str) -> None:
        self.trace.fault(fate, name)
        self.trace.counts["recovery torn"] += operation in _RECOVERY

    async def _moment(self, worker: Sender, operation: str) -> None:
        """A moment at which the worker may stop for a while, or for ever."""
        if not self.calm and self._chance.random() < self._faults.crash_at_request / 2:
            self._note("crash at a request", operation, worker.name)
            worker.crash()
        await worker.runs()

    async def _travel(self) -> None:
        await asyncio.sleep(self._chance.expovariate(1 / self._faults.latency_s))

    def _take_effect(self, name: str, operation: str, effect: Callable[[], Answer]) -> Answer:
        try:
            answer = effect()
        except LogFailure as failure:
            self.trace.step(f"{name}: {failure}")
            self.trace.counts["write of a zombie refused"] += operation in _WRITES
            raise
        self.trace.step(name)
        return answer

    def _deliver_late(self, name: str, operation: str, effect: Callable[[], object]) -> None:
        def arrive() -> None:
            try:
                self._take_effect(f"late {name}", operation, effect)
            except LogFailure:
                self.trace.counts["late request refused"] += 1
            else:
                self.trace.counts["late request taken"] += 1

        delay_s = self._chance.expovariate(1 / self._faults.late_s)
        asyncio.get_running_loop().call_later(delay_s, arrive)
