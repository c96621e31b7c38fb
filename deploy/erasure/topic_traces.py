"""What the topics still hold of a device or a user.

Reads every record that a broker gives out, those of aborted transactions too, and looks into key,
value and headers. In a compacted topic a record is either the last one of its key, which stays, or
leaves when the cleaner comes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agents.lane.port import Partition
from deploy.erasure.leaving import Terms, aged_out_ms, cleaned_ms, tombstone_gone_ms
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged
from deploy.records.topic_record import TopicRecord
from schemas.topics import Cleanup, Topic, TopicName

Matches = Callable[[TopicRecord], bool]


@dataclass(slots=True)
class Traces:
    """What was found in one topic.

    Attributes:
        topic: which.
        terms: when what leaves is gone.
        found: how many records hold the id.
        oldest_ms, newest_ms: of those records.
        stays: how many of them are there to stay: the last of their key, with a value.
        gone_ms: when the last of them is gone at the latest; None where one stays, or for ever.
    """

    topic: TopicName
    terms: Terms
    found: int = 0
    oldest_ms: int | None = None
    newest_ms: int | None = None
    stays: int = 0
    gone_ms: int | None = None
    _is_bounded: bool = field(default=True, repr=False)

    def take(self, record: TopicRecord, gone_ms: int | None, *, stays: bool) -> None:
        """Count a record that is gone then."""
        at_ms = record.timestamp_ms
        self.found += 1
        self.oldest_ms = at_ms if self.oldest_ms is None else min(self.oldest_ms, at_ms)
        self.newest_ms = at_ms if self.newest_ms is None else max(self.newest_ms, at_ms)
        self.stays += stays
        self._is_bounded &= gone_ms is not None
        self.gone_ms = max(self.gone_ms or 0, gone_ms or 0) if self._is_bounded else None


Current = Mapping[tuple[Partition, bytes | None], TopicRecord]
"""The last committed record of each key of a compacted topic that matters here."""

_NOTHING: Final[Current] = {}


async def traces_in(
    reader: TopicReader,
    topic: Topic,
    terms: Terms,
    matches: Matches,
    current: Current = _NOTHING,
    *,
    on_progress: ScanProgress,
) -> Traces:
    """Search one topic.

    Args:
        reader: of uncommitted records too.
        topic: which.
        terms: by its settings on the cluster.
        matches: whether a record holds the id.
        current: see `current_records`; for a compacted topic.
        on_progress: told how far it is.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    traces = Traces(topic.name, terms)
    spans = await reader.spans(await reader.partitions(topic.name))
    async for record in merged(reader, spans, on_progress=on_progress):
        if not matches(record):
            continue
        if terms.cleanup is Cleanup.DELETE:
            traces.take(record, aged_out_ms(terms, record.timestamp_ms), stays=False)
            continue
        last = current.get((record.partition, record.key))
        if last is None or last.offset < record.offset:  # aborted, or newer than we looked
            traces.take(record, cleaned_ms(terms, record.timestamp_ms), stays=False)
        elif last.offset > record.offset:
            traces.take(record, cleaned_ms(terms, last.timestamp_ms), stays=False)
        elif record.value is None:
            traces.take(record, tombstone_gone_ms(terms, record.timestamp_ms), stays=False)
        else:
            traces.take(record, None, stays=True)
    return traces


async def current_records(
    reader: TopicReader,
    topic: Topic,
    wanted: Callable[[TopicRecord], bool],
    *,
    on_progress: ScanProgress,
) -> dict[tuple[Partition, bytes | None], TopicRecord]:
    """The last committed record of every key of which any record is wanted.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    current: dict[tuple[Partition, bytes | None], TopicRecord] = {}
    spans = await reader.spans(await reader.partitions(topic.name))
    async for record in merged(reader, spans, on_progress=on_progress):
        place = record.partition, record.key
        if place in current or wanted(record):
            current[place] = record
    return current
