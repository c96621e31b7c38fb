"""What a courier implements, and what the delivery asks of the log.

Owns the vocabulary of the delivery. Must never import a Kafka client or anything of a domain.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from agents.lane.port import InputRecord, Partition


class Delivery(Protocol):
    """One record on its way to one destination; it may keep what it learns from try to try."""

    @property
    def destination(self) -> str:
        """Where it goes: each destination has an order, and a bound of tries at once, of its own.

        A name, not an address: it may stand in a log.
        """
        ...

    async def attempt(self) -> float | None:
        """Try once, within a time of its own.

        Returns None when this is done for good: delivered, or put aside where somebody finds it.
        Otherwise the seconds after which to try again; the records behind it, of the same key and
        to the same destination, wait so long.

        It is cancelled when the partition leaves this worker and it takes too long to end. It may
        happen again from the start, in this process or another, with a new `Delivery` of the same
        record; so whatever it sends carries a key by which a receiver knows a repeat.

        Raises:
            Exception: it could not even be tried, or not put aside. It is tried again after a
                pause, for ever, and the name of the error is logged.
        """
        ...


class Courier(Protocol):
    """The domain's side: which deliveries a record leads to."""

    def deliveries(self, partition: Partition, record: InputRecord) -> Sequence[Delivery]:
        """Return what is to be delivered, at most one for each destination; without I/O.

        Nothing at all means that the record is done. A record that nobody can read is for the
        courier to put aside too, by a delivery that does so. The same record may come again.

        Raises:
            Exception: a defect. The partition is parked at the record: logged, not ready, and
                tried again from time to time.
        """
        ...


class Bounds(NamedTuple):
    """What of a partition is still there: its first offset, and the one behind its last."""

    start: int
    end: int


class Positions(Protocol):
    """The group's committed offsets: where each partition goes on, whoever serves it next."""

    async def committed(self, partition: Partition) -> int | None:
        """Return the offset of the first record that is not done; None where there is none.

        Raises:
            LogFailure: the log did not answer.
        """
        ...

    async def bounds(self, partition: Partition) -> Bounds:
        """Return what of the partition is there now.

        Raises:
            LogFailure: the log did not answer.
        """
        ...

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit, as a member of the group: one that has lost its partitions is refused.

        Raises:
            LogFailure: it may or may not have taken effect.
        """
        ...
