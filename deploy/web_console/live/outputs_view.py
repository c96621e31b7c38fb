"""The outputs as they come: the newest rows, and how many there were lately.

At its start it looks back an hour, but over no more than so many records; how far that was it says.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from typing import Final

from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import followed, merged
from deploy.records.topic_record import Span, TopicRecord
from deploy.web_console.live.feed_row import KIND_OF_TOPIC, FeedRow, feed_row
from deploy.web_console.live.keeping import Health
from deploy.web_console.live.output_counts import MINUTES, OutputCounts

ROWS_MAX: Final = 5000
_LOOK_BACK_OFFSETS_MAX: Final = 100_000
"""Of each topic: some 2 s of reading."""
_LOOK_BACK_MS: Final = MINUTES * 60_000


class OutputsView:
    """The newest outputs.

    Attributes:
        health: whether it is up to date.
        counts: how many there were, minute by minute.
        complete_from_ms: from when on every output is counted.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; `follow` does the work."""
        self.health: Final = Health("the live feed")
        self.counts: Final = OutputCounts()
        self.complete_from_ms = 0
        self._connection: Final = connection
        self._rows: Final[deque[FeedRow]] = deque(maxlen=ROWS_MAX)
        self._numbered = 0
        self._reached: Final[dict[Partition, int]] = {}

    @property
    def last_number(self) -> int:
        """The number of the newest row."""
        return self._numbered

    def newest_first(self, *, after: int = 0) -> Iterator[FeedRow]:
        """The rows that are kept, from the newest back to the one behind that number."""
        for row in reversed(self._rows):
            if row.number <= after:
                return
            yield row

    async def follow(self) -> None:
        """Read what there is, and then what comes, for ever.

        Raises:
            TransientFailure: Kafka was away for longer than a restart takes.
            Misconfigured: a topic is missing, or Kafka refuses.
        """
        async with TopicReader(self._connection) as reader:
            partitions = [
                each for topic in KIND_OF_TOPIC for each in await reader.partitions(topic)
            ]
            spans = await reader.spans(partitions)
            if not self._reached:
                await self._look_back(reader, spans)
            self.health.is_well()
            self.health.is_loaded = True
            positions = {each: self._position(each, span) for each, span in spans.items()}
            news = followed(
                reader,
                positions,
                on_outage=self.health.is_silent,
                on_alive=self.health.is_well,
            )
            async with aclosing(news) as records:
                async for record in records:
                    self._take(record)

    async def _look_back(self, reader: TopicReader, spans: Mapping[Partition, Span]) -> None:
        since_ms = int(time.time() * 1000) - _LOOK_BACK_MS
        windows = await reader.since(spans, since_ms)
        each_max = _LOOK_BACK_OFFSETS_MAX * len(KIND_OF_TOPIC) // max(1, len(spans))
        cut = {
            each: Span(max(span.start, span.end - each_max), span.end)
            for each, span in windows.items()
        }
        is_cut = {each for each, span in cut.items() if span.start > windows[each].start}
        self.complete_from_ms = since_ms
        async for record in merged(reader, cut):
            if record.partition in is_cut:
                is_cut.discard(record.partition)
                self.complete_from_ms = max(self.complete_from_ms, record.timestamp_ms)
            self._take(record)
        self._reached.update({each: span.end for each, span in spans.items()})

    def _position(self, partition: Partition, span: Span) -> int:
        """Where to go on: a topic that was made anew is read from its start."""
        reached = self._reached.get(partition, span.end)
        return reached if span.start <= reached <= span.end else span.start

    def _take(self, record: TopicRecord) -> None:
        self._numbered += 1
        row = feed_row(self._numbered, record)
        self._rows.append(row)
        self.counts.add(row)
        self._reached[record.partition] = record.offset + 1
