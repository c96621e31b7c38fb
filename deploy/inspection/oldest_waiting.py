"""The oldest record that waits in each partition, read once and remembered for the next look.

Owns what is known of the stretch between a group and the end. A group that stands still is not
read again and again; one that goes on is read from where it went.
"""

from collections.abc import Mapping
from typing import NamedTuple

from agents.lane.port import Partition
from deploy.records.sequence import RecordSource, firsts
from deploy.records.topic_record import Span


class _Known(NamedTuple):
    """From `span.start` on up to `span.end` there is no record; there is one, of that time.

    `timestamp_ms` is None where nothing is known to be at `span.end`.
    """

    span: Span
    timestamp_ms: int | None


class OldestWaiting:
    """Remembers, for one group or for nobody in particular."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[Partition, _Known] = {}

    async def timestamps(
        self, source: RecordSource, waiting: Mapping[Partition, Span]
    ) -> dict[Partition, int]:
        """The timestamp of the first record of every span that has any; markers are no records.

        Raises:
            TransientFailure: Kafka stopped answering.
            Misconfigured: Kafka refuses.
        """
        unread = {each: self._unread(each, span) for each, span in waiting.items()}
        found = await firsts(source, {each: span for each, span in unread.items() if span})
        for partition, rest in unread.items():
            if rest is not None:
                record = found.get(partition)
                self._known[partition] = (
                    _Known(waiting[partition], None)
                    if record is None
                    else _Known(Span(waiting[partition].start, record.offset), record.timestamp_ms)
                )
        known = {each: self._known[each].timestamp_ms for each in waiting}
        return {each: timestamp for each, timestamp in known.items() if timestamp is not None}

    def _unread(self, partition: Partition, span: Span) -> Span | None:
        """What of the span has to be read; None when the first record is known."""
        known = self._known.get(partition)
        if known is None or not known.span.start <= span.start <= known.span.end <= span.end:
            return span
        if known.timestamp_ms is None:
            return Span(known.span.end, span.end)
        return None if known.span.end < span.end else span
