"""One simulated run: several workers on one broker, everything that can go wrong, then calm.

One process, virtual time, and one seed that decides everything: the same seed takes the same steps,
to the bit.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import structlog

from agents.lane.memory_records import TransactionState
from agents.lane.port import Partition
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.simulation.cluster import Cluster
from tests.simulation.judge import findings, undurable_offsets
from tests.simulation.publisher import Publisher
from tests.simulation.setup import CHANGELOG, PARTITIONS, Setup
from tests.simulation.trace import Trace
from tests.unit.virtual_time import in_virtual_time

EVENTS_PER_RUN = 2_000
SETTLE_S_MAX = 600.0
TRANSACTION_S_MAX = 10.0
"""A transaction that is open for as long as this, and at most for twice as long, expires."""
INPUTS = tuple(Partition(DEVICE_EVENTS, number) for number in range(PARTITIONS))
OUTPUTS = (VERDICTS, DECISIONS, DEAD_LETTERS, DEVICE_STATE, CHANGELOG)
TROUBLED_SHARE = 0.97
"""Of the input; the rest is published in calm."""


class Outcome(NamedTuple):
    """What a run has come to.

    Attributes:
        findings: what is wrong, in sentences; none when all is right.
        counts: events, and faults by kind.
        digest: the same for the same seed.
        last: the last steps.
    """

    findings: list[str]
    counts: Counter[str]
    digest: str
    last: list[str]


def simulate(seed: int, events: int, setup: Setup | None = None) -> Outcome:
    """Run the world of a seed and judge it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return in_virtual_time(_World(seed, events, setup or Setup()).run())
    finally:
        structlog.reset_defaults()


class _World:
    def __init__(self, seed: int, events: int, setup: Setup) -> None:
        self._chance = random.Random(seed)
        self._faults = setup.faults
        self._trace = Trace()
        self._log = setup.log(self._chance, setup.faults, self._trace)
        for topic in (DEVICE_EVENTS, *OUTPUTS):
            self._log.create_topic(topic, PARTITIONS)
        self._cluster = Cluster(self._log, INPUTS, setup, self._chance)
        history = setup.history(seed, events)
        self._troubled_events = int(len(history) * TROUBLED_SHARE)
        self._publisher = Publisher(self._log, history, faults=setup.faults, trace=self._trace)

    async def run(self) -> Outcome:
        await self._cluster.start()
        expiring = asyncio.ensure_future(self._expire_what_is_forgotten())
        publishing = asyncio.ensure_future(self._publisher.run(self._chance))
        found: list[str] = []
        while self._publisher.published < self._troubled_events:
            await self._trouble()
            found += undurable_offsets(self._log)
        self._log.calm = True
        await publishing
        await self._cluster.calm_down()
        if not await self._all_is_done():
            found.append(f"stood still for {SETTLE_S_MAX:g} s before the input's end")
        await self._cluster.end()
        expiring.cancel()
        await asyncio.wait([expiring])
        left = asyncio.all_tasks() - {asyncio.current_task()}
        found += sorted(f"still at work: {task.get_name()}" for task in left)
        found += findings(self._log)
        self._trace.counts["event"] = self._publisher.published
        self._note_what_is_left()
        return Outcome(found, self._trace.counts, self._trace.digest(), list(self._trace.last))

    async def _trouble(self) -> None:
        await asyncio.sleep(self._chance.expovariate(1 / self._faults.trouble_s))
        troubles = self._faults.troubles
        [trouble] = self._chance.choices(list(troubles), list(troubles.values()))
        if trouble != "transaction expired":
            await self._cluster.trouble(trouble)
        elif still_open := list(self._log.transactions.open()):
            self._expire(self._chance.choice(still_open))

    async def _expire_what_is_forgotten(self) -> None:
        forgotten: Mapping[str, TransactionState] = {}
        while True:
            await asyncio.sleep(TRANSACTION_S_MAX)
            still_open = self._log.transactions.open()
            for name, transaction in still_open.items():
                if forgotten.get(name) is transaction:
                    self._expire(name)
            forgotten = still_open

    def _expire(self, transactional_id: str) -> None:
        """Let the broker abort what is open for too long, and fence its producer."""
        self._trace.fault("transaction expired", transactional_id)
        self._log.transactions.fence(transactional_id)

    async def _all_is_done(self) -> bool:
        ends = {partition: self._log.stored(partition).end for partition in INPUTS}
        loop = asyncio.get_running_loop()
        end_s = loop.time() + SETTLE_S_MAX
        while loop.time() < end_s:
            if all(self._log.group_offsets.get(each, 0) == end for each, end in ends.items()):
                return True
            await asyncio.sleep(0.1)
        return False

    def _note_what_is_left(self) -> None:
        for topic in OUTPUTS:
            for number in range(PARTITIONS):
                for record in self._log.stored(Partition(topic, number)).records:
                    self._trace.content(topic, record.offset, record.key, record.value)
                    if not (record.is_marker or record.readable):
                        self._trace.counts["output aborted"] += 1
