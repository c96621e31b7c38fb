"""Which records of a partition are done, and up to where all of them are.

Owns the position that may be committed. Invariant: every record before it is done, and the first
record at or behind it is not, or has not been read.
"""

from collections import deque


class Prefix:
    """The records that were read, from the position on.

    Attributes:
        read_to: the offset behind what was read; more than the last record's plus one where
            markers or aborted records follow.
        last_timestamp_ms: the timestamp of the last record before the position.
    """

    def __init__(self, position: int) -> None:
        """Begin with nothing read from this offset on."""
        self.read_to = position
        self.last_timestamp_ms: int | None = None
        self._records: deque[tuple[int, int]] = deque()
        self._open: dict[int, int] = {}

    @property
    def position(self) -> int:
        """The offset behind the longest prefix of records that are done."""
        return self._records[0][0] if self._records else self.read_to

    @property
    def waiting(self) -> int:
        """How many records were read that are not before the position."""
        return len(self._records)

    def take(self, offset: int, timestamp_ms: int, deliveries: int) -> None:
        """A record was read which is done after so many deliveries; offsets rise."""
        self._records.append((offset, timestamp_ms))
        self.read_to = offset + 1
        if deliveries:
            self._open[offset] = deliveries
        else:
            self._move()

    def finish(self, offset: int) -> bool:
        """One of the record's deliveries is done; whether the record is."""
        self._open[offset] -= 1
        if self._open[offset]:
            return False
        del self._open[offset]
        self._move()
        return True

    def _move(self) -> None:
        while self._records and self._records[0][0] not in self._open:
            self.last_timestamp_ms = self._records.popleft()[1]
