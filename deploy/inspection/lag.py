"""How far a group is behind, by partition: in time first, because that is what users feel.

Time behind is the age of the oldest record that waits, by the broker's timestamp against this
machine's clock. Offsets behind are counted up to the last stable offset; with publishers that use
transactions they are more than records, because markers take offsets too. So a partition with
nothing but markers left is 0 s behind, whatever its offsets say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agents.lane.port import Partition
from deploy.inspection.oldest_waiting import OldestWaiting
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from events.errors import Misconfigured, TransientFailure
from schemas.topics import DEVICE_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """One partition of what a group reads.

    Attributes:
        partition: its number.
        committed: the next offset of the group; None where it has never committed.
        start: the first offset that the topic still keeps.
        end: the last stable offset.
        behind_ms: age of the oldest record that waits; 0 when none does, None when unknown.
    """

    partition: int
    committed: int | None
    start: int
    end: int
    behind_ms: int | None

    @property
    def offsets_behind(self) -> int:
        """Offsets between the group and the end; of those that the topic still keeps."""
        return max(0, self.end - max(self.start, self.committed or 0))

    @property
    def records_behind(self) -> int | None:
        """Records that wait, or a few more where markers stand among them; 0 when none does.

        None where the group stands behind the end: nobody knows what it has read.
        """
        if (self.committed or 0) > self.end:
            return None
        return 0 if self.behind_ms == 0 else self.offsets_behind

    @property
    def is_out_of_range(self) -> bool:
        """Whether the group stands where the topic has nothing (any more)."""
        return self.committed is not None and not self.start <= self.committed <= self.end


class Lag(NamedTuple):
    """All partitions of what a group reads, in their order."""

    partitions: tuple[PartitionLag, ...]

    @property
    def offsets_behind(self) -> int:
        """Of all partitions together."""
        return sum(partition.offsets_behind for partition in self.partitions)

    @property
    def behind_ms(self) -> int | None:
        """Of the partition that is furthest behind; None when any is unknown."""
        known = [each.behind_ms for each in self.partitions if each.behind_ms is not None]
        return max(known, default=0) if len(known) == len(self.partitions) else None


async def measure_lag(
    reader: TopicReader, group: str, *, topic: str = DEVICE_EVENTS, now_ms: int
) -> Lag:
    """Where a group stands on a topic.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    partitions = await reader.partitions(topic)
    committed = await reader.committed(group, partitions)
    # Taken after the group's offsets: a partition that is being served cannot be ahead of its end.
    spans = await reader.spans(partitions)
    lags = await partition_lags(reader, committed, spans, OldestWaiting(), now_ms=now_ms)
    return Lag(tuple(lags.values()))


async def partition_lags(
    reader: TopicReader,
    committed: Mapping[Partition, int | None],
    spans: Mapping[Partition, Span],
    oldest: OldestWaiting,
    *,
    now_ms: int,
) -> dict[Partition, PartitionLag]:
    """How far behind whoever has committed these offsets is, in these partitions.

    Args:
        reader: reads the oldest record that waits.
        committed: one for each partition; None where there is none.
        spans: what each partition holds, taken after the offsets were.
        oldest: what is known of these partitions from an earlier look.
        now_ms: this machine's time.
    """
    waiting = {
        each: Span(max(span.start, committed[each] or 0), span.end) for each, span in spans.items()
    }
    ages = await _ages(reader, waiting, oldest, now_ms)
    return {
        each: PartitionLag(
            partition=each.number,
            committed=committed[each],
            start=span.start,
            end=span.end,
            behind_ms=None if (committed[each] or 0) > span.end else ages[each],
        )
        for each, span in spans.items()
    }


async def _ages(
    reader: TopicReader, waiting: Mapping[Partition, Span], oldest: OldestWaiting, now_ms: int
) -> dict[Partition, int | None]:
    """The age of the first record of each span: 0 where there is none, None where none came.

    A record that waits is never 0 old, also where this machine's clock is behind the broker's.
    """
    try:
        timestamps = await oldest.timestamps(reader, waiting)
    except (TransientFailure, Misconfigured):  # no answer, or no right to read
        return dict.fromkeys(waiting)
    return {
        each: max(1, now_ms - timestamps[each]) if each in timestamps else 0 for each in waiting
    }
