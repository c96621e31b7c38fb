"""What the host feeds: the partitions that a worker serves, whatever it does with their records."""

from collections.abc import Callable, Iterable
from typing import Protocol

from agents.lane.log import FetchedBatch
from agents.lane.port import Partition
from agents.lane.status import WorkerStatus


class ServedPartitions(Protocol):
    """The worker's side of its membership in a group; used from one event loop only.

    `agents.lane.lanes` decides what it is given, exactly once; `agents.delivery.lanes` delivers it
    to the outside, at least once.
    """

    @property
    def status(self) -> WorkerStatus:
        """What it does; `assigned` tells which partitions are fetched from."""
        ...

    async def assign(self, partitions: Iterable[Partition], assigned: Callable[[], bool]) -> None:
        """Serve these partitions and no others; `assigned` tells whether that still holds."""
        ...

    def hungry(self, partition: Partition) -> bool:
        """Whether a batch of this partition should be fetched now."""
        ...

    def deliver(self, batch: FetchedBatch) -> None:
        """Take a batch, or drop it: what is dropped is fetched again."""
        ...

    def interrupt(self, partition: Partition, reason: str) -> None:
        """Start the partition anew: it cannot be fetched from where it stands."""
        ...

    def interrupt_all(self, reason: str) -> None:
        """Start every partition anew: batches may have been lost on their way."""
        ...

    def park(self, partition: Partition, reason: str) -> None:
        """Stop serving the partition: what lies at its position cannot be read."""
        ...

    async def hold(self) -> None:
        """Let everything rest until the next assignment."""
        ...

    async def close(self) -> None:
        """Give up every partition, in good order."""
        ...
