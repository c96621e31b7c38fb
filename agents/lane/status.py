"""What a worker's lanes are doing, for readiness, metrics and people.

Owns the numbers; must never act on them. The lanes write, everyone else reads.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from agents.lane.port import Partition


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
        events: records committed.
        batches: batches with records committed.
        transactions: transactions committed.
        batches_dropped: batches that did not start where the lane stood.
        openings: how often rows and position have been read.
        failures: how often the log failed and the lane had to open again.
        parkings: how often it was parked.
        restored_rows: rows that the last opening brought back.
        restored_records: changelog records that the last opening read.
        restore_s: seconds that the last opening took, fence to first fetch.
    """

    state: LaneState = LaneState.CLOSED
    position: int | None = None
    parked_reason: str | None = None
    last_timestamp_ms: int | None = None
    events: int = 0
    batches: int = 0
    transactions: int = 0
    batches_dropped: int = 0
    openings: int = 0
    failures: int = 0
    parkings: int = 0
    restored_rows: int = 0
    restored_records: int = 0
    restore_s: float = 0.0


@dataclass(slots=True)
class WorkerStatus:
    """All lanes that this worker has had, by input partition.

    Attributes:
        rebalances: assignments received from the group.
        assigned: the partitions that are this worker's now.
    """

    rebalances: int = 0
    assigned: frozenset[Partition] = frozenset()
    lanes: dict[Partition, LaneStatus] = field(default_factory=dict[Partition, LaneStatus])

    def lane(self, partition: Partition) -> LaneStatus:
        """Return the partition's numbers, from zero when it is new here."""
        return self.lanes.setdefault(partition, LaneStatus())

    @property
    def ready(self) -> bool:
        """Whether the group has answered and every assigned partition is served."""
        return self.rebalances > 0 and all(
            self.lane(partition).state is LaneState.SERVING for partition in self.assigned
        )

    @property
    def parked(self) -> dict[Partition, str]:
        """The reason of every assigned partition that waits for an operator."""
        return {
            partition: self.lane(partition).parked_reason or ""
            for partition in sorted(self.assigned)
            if self.lane(partition).state is LaneState.PARKED
        }
