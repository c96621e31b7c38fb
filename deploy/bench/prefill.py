"""Fills the input topic before anything is measured: first what warms up, then the events."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from deploy.bench.event_records import event_record
from deploy.bench.phone_history import PhoneHistory, Report
from deploy.records.connection import Connection
from deploy.records.publisher import KeyedRecord, RecordPublisher
from deploy.records.reader import TopicReader

_SLICE: Final = 4000
"""Records that are made and published together: about one batch of each of a few partitions."""

_EVENTS_PER_MS: Final = 20
"""How close events are dated: a phone's next event must be later than the one before it."""

_WAIT_S_MAX: Final = 30.0

Sign: TypeAlias = Callable[[KeyedRecord], KeyedRecord]


def unsigned(record: KeyedRecord) -> KeyedRecord:
    """The record as it is."""
    return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is in the input topic.

    Attributes:
        warm_up: by partition, how many records there are before the measured ones.
        ends: by partition, how many there are in all.
    """

    warm_up: dict[int, int]
    ends: dict[int, int]

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(self.ends.values())


async def prefill(
    reader: TopicReader,
    topic: str,
    history: PhoneHistory,
    *,
    events: int,
    sign: Sign = unsigned,
    on_published: Callable[[int], None],
) -> Load:
    """Publish the enrollments of all phones, then so many events.

    Args:
        reader: connected, to see where partitions end.
        topic: the input topic, which must be empty.
        history: not begun yet.
        events: how many follow the enrollments.
        sign: makes of each record the one that is published.
        on_published: told how many records were published by now.
    """
    connection = Connection(bootstrap_servers=reader.bootstrap_servers)
    async with RecordPublisher(connection, topic) as publisher:
        published = await _publish(publisher, history.enrollments(), sign, 0, on_published)
        warm_up = await input_ends(reader, topic)
        reports = islice(history.events(), events)
        await _publish(publisher, reports, sign, published, on_published)
    return Load(warm_up=warm_up, ends=await input_ends(reader, topic))


async def input_ends(reader: TopicReader, topic: str) -> dict[int, int]:
    """By partition, how many records a topic holds from which none has gone yet."""
    spans = await reader.spans(await reader.partitions(topic))
    return {partition.number: span.end for partition, span in spans.items()}


async def _publish(
    publisher: RecordPublisher,
    reports: Iterable[Report],
    sign: Sign,
    published: int,
    on_published: Callable[[int], None],
) -> int:
    """Publish all reports; returns how many records were published, with those before."""
    rest = iter(reports)
    dated_ms = 0
    while some := list(islice(rest, _SLICE)):
        from_ms = max(int(time.time() * 1000), dated_ms + 1)
        dated_ms = from_ms + len(some) // _EVENTS_PER_MS
        await publisher.publish(
            [
                sign(event_record(report, at_ms=from_ms + place // _EVENTS_PER_MS))
                for place, report in enumerate(some)
            ],
            wait_s_max=_WAIT_S_MAX,
            on_acknowledged=_unheard,
            on_waiting=_unheard,
        )
        published += len(some)
        on_published(published)
    return published


def _unheard(_: Sequence[int] | float) -> None:
    """Nobody wants to know."""
