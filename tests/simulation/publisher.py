"""Puts a history into the input: alone, in transactions, and in transactions that are aborted."""

import asyncio
import random
from collections.abc import Sequence

from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from tests.auditor.records import RawRecord
from tests.simulation.faults import Faults
from tests.simulation.trace import Trace

RECORDS_AT_ONCE_MAX = 12
PAUSE_S = 0.2


class Publisher:
    """Keeps the order of the history, whatever it has to publish again."""

    def __init__(
        self, log: MemoryLog, history: Sequence[RawRecord], *, faults: Faults, trace: Trace
    ) -> None:
        self.published = 0
        self._log = log
        self._history = history
        self._faults = faults
        self._trace = trace

    async def run(self, chance: random.Random) -> None:
        """Publish everything."""
        while self.published < len(self._history):
            await asyncio.sleep(chance.expovariate(1 / PAUSE_S))
            size = chance.randint(1, RECORDS_AT_ONCE_MAX)
            records = self._history[self.published : self.published + size]
            roll = chance.random()
            if roll < self._faults.aborted_publishing:
                self._trace.fault("publisher's transaction aborted", f"{len(records)}")
                await self._in_transaction(records, chance, commit=False)
            if roll < 0.5:
                await self._in_transaction(records, chance, commit=True)
            else:
                for record in records:
                    self._append(record)
            self.published += len(records)
            self._trace.step(f"published {self.published}")

    async def _in_transaction(
        self, records: Sequence[RawRecord], chance: random.Random, *, commit: bool
    ) -> None:
        transaction = self._log.begin()
        for record in records:
            self._log.append(
                Partition(record.topic, record.partition),
                (record.key, record.value, record.headers),
                timestamp=record.timestamp_ms,
                transaction=transaction,
            )
        await asyncio.sleep(chance.expovariate(5))
        self._log.end(transaction, commit=commit)

    def _append(self, record: RawRecord) -> None:
        self._log.append(
            Partition(record.topic, record.partition),
            (record.key, record.value, record.headers),
            timestamp=record.timestamp_ms,
        )
