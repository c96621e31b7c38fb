"""What a worker's lanes are doing, for readiness, metrics and people.

Owns the numbers; must never act on them. The lanes write, everyone else reads: from other threads,
too, for whom every number is whole and no two of them are of the same moment.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from agents.lane.distribution import Distribution
from agents.lane.port import Count, Notice, Partition
from agents.lane.work import Done

LATENCY_S_BOUNDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0,
)  # fmt: skip
"""From a record's arrival to its answer; 1 s is the objective."""

TRANSACTION_S_BOUNDS: Final = (
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip

BATCH_EVENTS_BOUNDS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Clocks(NamedTuple):
    """What a worker is measured by; nothing that a lane does depends on it.

    Attributes:
        wall_ms: milliseconds since 1970-01-01 UTC, as the brokers' timestamps.
        steady_s: seconds since any moment, never set back.
    """

    wall_ms: Callable[[], int]
    steady_s: Callable[[], float]


STOPPED: Final = Clocks(lambda: 0, lambda: 0.0)
"""For whoever measures nothing: a simulated run must not differ from the next one."""


class Span(NamedTuple):
    """When deciding began and when it was committed, in ms since 1970 by this machine's clock."""

    began_ms: int
    committed_ms: int


Teller: TypeAlias = Callable[[Partition, Sequence[Notice], Span], None]
"""Told, after a transaction, what its handler wanted told. Raises nothing, and takes no time."""


class Step(StrEnum):
    """What a batch goes through before its transaction."""

    PARSE = "parse"
    """From the bytes of a fetch to records."""
    PREPARE = "prepare"
    """Waiting for other threads, which verify signatures."""
    DECIDE = "decide"
    """The handler: decode, decide, make rows and outputs."""
    ENCODE = "encode"
    """From outputs to the bytes that are written."""


class LaneState(StrEnum):
    """Where a lane is in its life."""

    OPENING = "opening"
    """Fencing earlier owners and reading rows and position."""
    SERVING = "serving"
    """Deciding and committing batches."""
    HELD = "held"
    """Kept, with its rows, while the group deals its partitions out."""
    REOPENING = "reopening"
    """Waiting before it opens again, after the log failed."""
    PARKED = "parked"
    """Not served until an operator decides: see `LaneStatus.parked_reason`."""
    CLOSED = "closed"
    """Not assigned to this worker, or the worker stops."""


@dataclass(slots=True)
class LaneStatus:
    """One partition's numbers; they go on when the partition leaves this worker and comes back.

    Attributes:
        position: the next input offset to commit; None until the lane has been opened once.
        parked_reason: why it is parked, with what to do; None when it is not.
        last_timestamp_ms: timestamp of the last record whose outputs are committed.
        clocks: what it is measured by.
        tell: where what is worth telling of a transaction goes.
        committed_ms: when the last transaction was committed, by this machine's clock.
        clock_behind_ms: by how much at least this machine's clock is behind the broker's: the last
            record came from the future; 0 when it did not.
        events: records committed.
        batches: batches with records committed.
        transactions: transactions committed.
        batches_dropped: batches that did not start where the lane stood.
        counts: what the handler has counted, of what is committed.
        step_s: seconds spent in each step.
        batch_events: how many records the batches had.
        transaction_s: seconds from the begin of a transaction to its end.
        latency_s: seconds from a record's timestamp to its outputs being committed.
        openings: how often rows and position have been read.
        failures: how often the log failed and the lane had to open again.
        parkings: how often it was parked.
        rows: how many there are.
        recovery_left: changelog offsets that the opening has still to read.
        restored_rows: rows that the last opening brought back.
        restored_records: changelog records that the last opening read.
        restore_s: seconds that the last opening took, fence to first fetch.
    """

    state: LaneState = LaneState.CLOSED
    position: int | None = None
    parked_reason: str | None = None
    last_timestamp_ms: int | None = None
    clocks: Clocks = STOPPED
    tell: Callable[[Sequence[Notice], Span], None] | None = None
    committed_ms: int | None = None
    clock_behind_ms: int = 0
    events: int = 0
    batches: int = 0
    transactions: int = 0
    batches_dropped: int = 0
    counts: Counter[Count] = field(default_factory=Counter[Count])
    step_s: dict[Step, float] = field(default_factory=lambda: dict.fromkeys(Step, 0.0))
    batch_events: Distribution = field(default_factory=lambda: Distribution(BATCH_EVENTS_BOUNDS))
    transaction_s: Distribution = field(default_factory=lambda: Distribution(TRANSACTION_S_BOUNDS))
    latency_s: Distribution = field(default_factory=lambda: Distribution(LATENCY_S_BOUNDS))
    openings: int = 0
    failures: int = 0
    parkings: int = 0
    rows: int = 0
    recovery_left: int = 0
    restored_rows: int = 0
    restored_records: int = 0
    restore_s: float = 0.0

    def recovers(self, left: int) -> None:
        """Hear how many offsets of the changelog an opening has still to read."""
        self.recovery_left = left

    def spent(self, step: Step, since_s: float) -> float:
        """Add what a step has taken since a moment of the steady clock, and return the moment."""
        now_s = self.clocks.steady_s()
        self.step_s[step] += now_s - since_s
        return now_s

    def commit(self, next_offset: int, done: Done, took_s: float) -> None:
        """Hear that a transaction is committed.

        Args:
            next_offset: the position behind it.
            done: what is in it.
            took_s: seconds from its begin.
        """
        now_ms = self.clocks.wall_ms()
        self.position = next_offset
        self.committed_ms = now_ms
        self.transactions += 1
        self.transaction_s.add(took_s)
        if done.last_timestamp_ms is None:
            return
        self.batches += 1
        self.events += done.events
        self.batch_events.add(done.events)
        self.counts.update(done.counts)
        self.last_timestamp_ms = done.last_timestamp_ms
        self.clock_behind_ms = max(0, done.last_timestamp_ms - now_ms)
        for timestamp_ms, records in done.timestamps.items():
            self.latency_s.add(max(0, now_ms - timestamp_ms) / 1000, records)
        if done.notices and self.tell is not None:
            self.tell(done.notices, Span(done.began_ms, now_ms))


@dataclass(slots=True)
class WorkerStatus:
    """All lanes that this worker has had, by input partition.

    Attributes:
        clocks: what the lanes are measured by.
        tell: where what is worth telling of their transactions goes.
        rebalances: assignments received from the group.
        is_dealing: whether the group deals its partitions out just now; all lanes rest meanwhile.
        input_is_missing: whether the input topic was not there at the last assignment.
        assigned: the partitions that are this worker's now.
    """

    clocks: Clocks = STOPPED
    tell: Teller | None = None
    rebalances: int = 0
    is_dealing: bool = False
    input_is_missing: bool = False
    assigned: frozenset[Partition] = frozenset()
    lanes: dict[Partition, LaneStatus] = field(default_factory=dict[Partition, LaneStatus])

    def lane(self, partition: Partition) -> LaneStatus:
        """Return the partition's numbers, from zero when it is new here."""
        lane = self.lanes.get(partition)
        if lane is None:
            tell = None if self.tell is None else partial(self.tell, partition)
            lane = self.lanes[partition] = LaneStatus(clocks=self.clocks, tell=tell)
        return lane

    @property
    def ready(self) -> bool:
        """Whether the group has answered and every assigned partition is served."""
        return not self.obstacles

    @property
    def obstacles(self) -> list[str]:
        """Why this worker does not do its work, in words; nothing when it does."""
        if self.rebalances == 0:
            return ["it is not a member of its group yet"]
        if self.is_dealing:
            return ["the group deals its partitions out"]
        if self.input_is_missing:
            return ["the input topic does not exist, or this user may not see it"]
        return [
            _obstacle(partition, self.lane(partition))
            for partition in sorted(self.assigned)
            if self.lane(partition).state is not LaneState.SERVING
        ]

    @property
    def parked(self) -> dict[Partition, str]:
        """The reason of every assigned partition that waits for an operator."""
        return {
            partition: self.lane(partition).parked_reason or ""
            for partition in sorted(self.assigned)
            if self.lane(partition).state is LaneState.PARKED
        }


def _obstacle(partition: Partition, lane: LaneStatus) -> str:
    match lane.state:
        case LaneState.PARKED:
            return f"{partition} is parked: {lane.parked_reason}"
        case LaneState.OPENING if lane.recovery_left:
            return f"{partition} is recovering: {lane.recovery_left} changelog offsets to read"
        case state:
            return f"{partition} is {state}"
