"""The lanes of a worker by their partitions: what the feed says to one reaches it, or nobody.

Owns the part of a `ServedPartitions` that is alike whatever lanes do with their records.
"""

from typing import Final, Generic, Protocol, TypeVar

from agents.lane.log import FetchedBatch
from agents.lane.port import Partition
from agents.lane.status import WorkerStatus


class FedLane(Protocol):
    """What the feed has to say to a lane."""

    @property
    def hungry(self) -> bool:
        """Whether another batch should be fetched now."""
        ...

    def take(self, batch: FetchedBatch) -> None:
        """Hand over a batch; the lane drops what it cannot use."""
        ...

    def interrupt(self, reason: str) -> None:
        """Start anew: it cannot be fetched from where the lane stands."""
        ...

    def park(self, reason: str) -> None:
        """Read no further: what lies at the lane's position cannot be read."""
        ...


AnyLane = TypeVar("AnyLane", bound=FedLane)


class LaneSet(Generic[AnyLane]):
    """Lanes by their partitions. Used from one event loop only.

    Attributes:
        status: what they do.
    """

    def __init__(self, status: WorkerStatus) -> None:
        """Begin without a lane."""
        self.status: Final = status
        self._lanes: Final[dict[Partition, AnyLane]] = {}

    def hungry(self, partition: Partition) -> bool:
        """Whether a batch of this partition should be fetched now."""
        lane = self._lanes.get(partition)
        return lane is not None and lane.hungry

    def deliver(self, batch: FetchedBatch) -> None:
        """Hand a batch to its lane; without one it is dropped, and read again by whoever serves."""
        lane = self._lanes.get(batch.partition)
        if lane is not None:
            lane.take(batch)

    def interrupt(self, partition: Partition, reason: str) -> None:
        """Let the partition's lane start anew: it cannot be fetched from where it stands."""
        lane = self._lanes.get(partition)
        if lane is not None:
            lane.interrupt(reason)

    def interrupt_all(self, reason: str) -> None:
        """Let every lane start anew: batches may have been lost on their way."""
        for lane in self._lanes.values():
            lane.interrupt(reason)

    def park(self, partition: Partition, reason: str) -> None:
        """Stop serving the partition: what lies at its position cannot be read."""
        lane = self._lanes.get(partition)
        if lane is not None:
            lane.park(reason)
