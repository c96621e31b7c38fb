"""What a batch leads to on its way into a transaction, and what is told of it afterwards.

Owns the little that is remembered of records that are decided and not committed yet.
"""

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from agents.lane.decision import Decision, Offender
from agents.lane.log import Transaction
from agents.lane.port import Count, InputRecord, Notice

_timestamp = attrgetter("timestamp")


class Done:
    """What will have been done when the transaction is committed.

    Attributes:
        began_ms: when deciding began (ms since 1970, by the clock of who measures).
        events: records that were decided.
        counts: what the handler counted.
        notices: what the handler wants told.
        timestamps: how many records have which timestamp; a broker gives one to all that it
            appends together.
        last_timestamp_ms: the last record's; None without records.
    """

    __slots__ = ("began_ms", "counts", "events", "last_timestamp_ms", "notices", "timestamps")

    def __init__(self, began_ms: int = 0) -> None:
        """Begin with nothing."""
        self.began_ms = began_ms
        self.events = 0
        self.counts: Counter[Count] = Counter()
        self.notices: list[Notice] = []
        self.timestamps: Counter[int] = Counter()
        self.last_timestamp_ms: int | None = None

    def add(self, records: Sequence[InputRecord], decision: Decision) -> None:
        """Take up some records and what they led to."""
        decided = decision.decided
        if not decided:
            return
        if decided < len(records):
            records = records[:decided]
        self.events += decided
        self.counts.update(decision.result.counts)
        self.notices.extend(decision.result.notices)
        self.timestamps.update(map(_timestamp, records))
        self.last_timestamp_ms = records[-1].timestamp


class Work(NamedTuple):
    """A decided batch, encoded and not yet written.

    Attributes:
        transaction: what to commit.
        next_offset: the lane's position once that is done.
        done: what will have been done by then.
        offender: the record that ended it early.
    """

    transaction: Transaction
    next_offset: int
    done: Done
    offender: Offender | None
