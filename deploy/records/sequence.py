"""Many partitions as one sequence of records: in order, the first of each, or the newest of all.

Owns what is held in memory while topics are read: of every partition the records of one poll.
Whoever asks for an order gets every partition's next record before the first one is handed out, so
the order is exact as far as it holds within each partition.
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from typing import Any, Final, Protocol, TypeAlias

from agents.lane.port import Partition
from deploy.records.reader import Polled
from deploy.records.topic_record import Span, TopicRecord
from events.errors import TransientFailure

Order: TypeAlias = Callable[[TopicRecord], tuple[Any, ...]]
"""What records are sorted by."""

ScanProgress: TypeAlias = Callable[[int, int], None]
"""Told how many offsets have been passed, and of how many."""

_POLL_WAIT_S: Final = 0.5
_SILENCE_S_MAX: Final = 15.0
"""Kafka has more for us and sends nothing for so long: it is taken to be gone."""
_SILENCE_CHECK_S: Final = 3.0
OUTAGE_S_MAX: Final = 60.0
"""How long a follower waits for a Kafka that is away: longer than a restart takes."""
_NEWEST_STEP: Final = 10
"""How much further back the next look goes when the newest records did not suffice."""


class RecordSource(Protocol):
    """What is needed of `deploy.records.reader.TopicReader`."""

    @property
    def bootstrap_servers(self) -> str:
        """Where it reads."""
        ...

    def start(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions from these offsets on, and no others."""
        ...

    def pause(self, partition: Partition) -> None:
        """Read no more from this partition."""
        ...

    async def poll(
        self, partitions: Collection[Partition], *, key: bytes | None, wait_s: float
    ) -> dict[Partition, Polled]:
        """What has arrived of these partitions."""
        ...

    async def check_alive(self) -> None:
        """Ask the cluster something."""
        ...


def untold(_done: int, _total: int) -> None:
    """Progress that nobody wants to know of."""


def by_time(record: TopicRecord) -> tuple[Any, ...]:
    """The order of the broker's timestamps; then topic, partition and offset."""
    return record.timestamp_ms, record.partition, record.offset


async def merged(
    source: RecordSource,
    spans: Mapping[Partition, Span],
    *,
    order: Order = by_time,
    key: bytes | None = None,
    on_progress: ScanProgress = untold,
) -> AsyncGenerator[TopicRecord]:
    """Every record of the spans (with that key), sorted as far as each partition is.

    Raises:
        TransientFailure: Kafka stopped answering.
        Misconfigured: Kafka refuses.
    """
    reading = _Reading(source, spans, key, on_progress)
    await reading.fill()
    heads = [(order(queue[0]), each) for each, queue in reading.queues.items() if queue]
    heapq.heapify(heads)
    while heads:
        _, partition = heads[0]
        queue = reading.queues[partition]
        yield queue.popleft()
        if not queue:
            await reading.fill()
        if queue:
            heapq.heapreplace(heads, (order(queue[0]), partition))
        else:
            heapq.heappop(heads)


async def firsts(
    source: RecordSource, spans: Mapping[Partition, Span]
) -> dict[Partition, TopicRecord]:
    """The first record of every span that has any; transaction markers are no records.

    Raises:
        TransientFailure: Kafka stopped answering.
        Misconfigured: Kafka refuses.
    """
    reading = _Reading(source, spans, None, untold)
    await reading.fill()
    return {partition: queue[0] for partition, queue in reading.queues.items() if queue}


async def newest(
    source: RecordSource,
    spans: Mapping[Partition, Span],
    count: int,
    *,
    key: bytes | None = None,
    on_progress: ScanProgress = untold,
) -> list[TopicRecord]:
    """The newest records of the spans (with that key), oldest first.

    Looks back from each partition's end in growing steps, because offsets have gaps.

    Raises:
        TransientFailure: Kafka stopped answering.
        Misconfigured: Kafka refuses.
    """
    found: dict[Partition, deque[TopicRecord]] = {}
    lacking, reach = dict(spans), count
    while lacking:
        windows = {
            each: Span(max(span.start, span.end - reach), span.end)
            for each, span in lacking.items()
        }
        found |= {each: deque[TopicRecord](maxlen=count) for each in windows}
        async for record in merged(source, windows, key=key, on_progress=on_progress):
            found[record.partition].append(record)
        lacking = {
            each: span
            for each, span in lacking.items()
            if len(found[each]) < count and windows[each].start > span.start
        }
        reach *= _NEWEST_STEP
    every = (record for records in found.values() for record in records)
    return sorted(heapq.nlargest(count, every, key=by_time), key=by_time)


async def followed(
    source: RecordSource,
    positions: Mapping[Partition, int],
    *,
    key: bytes | None = None,
    on_outage: Callable[[float], None],
    on_alive: Callable[[], None] = lambda: None,
) -> AsyncGenerator[TopicRecord]:
    """Every record (with that key) from the positions on, as it comes, for ever.

    Args:
        source: where to read.
        positions: the first offset of each partition.
        key: only records with this key; None for all.
        on_outage: told for how many seconds Kafka has not answered, again and again.
        on_alive: told, again and again, that it does, also while nothing comes.

    Raises:
        TransientFailure: Kafka was away for longer than a restart takes.
        Misconfigured: Kafka refuses.
    """
    source.start(positions)
    heard_at = checked_at = time.monotonic()
    reached = dict(positions)
    while True:
        polled = await source.poll(positions, key=key, wait_s=_POLL_WAIT_S)
        # What has been fetched already comes without ever waiting; let the rest of the process run.
        await asyncio.sleep(0)
        for record in sorted(
            (record for each in polled.values() for record in each.records), key=by_time
        ):
            yield record
        now = time.monotonic()
        position = {each: found.position for each, found in polled.items()}
        if position != reached:
            reached, heard_at, checked_at = position, now, now
            on_alive()
        elif now - checked_at > _SILENCE_CHECK_S:
            # Nothing new and nobody there look alike.
            try:
                await source.check_alive()
                heard_at = time.monotonic()
                on_alive()
            except TransientFailure:
                silence_s = time.monotonic() - heard_at
                if silence_s > OUTAGE_S_MAX:
                    raise
                on_outage(silence_s)
            checked_at = time.monotonic()


class _Reading:
    """Spans on their way into memory: at any time every unfinished one has a record waiting."""

    def __init__(
        self,
        source: RecordSource,
        spans: Mapping[Partition, Span],
        key: bytes | None,
        on_progress: ScanProgress,
    ) -> None:
        self._source = source
        self._key = key
        self._on_progress = on_progress
        self._spans = {each: span for each, span in spans.items() if span.start < span.end}
        self._positions = {each: span.start for each, span in self._spans.items()}
        self._total = sum(span.end - span.start for span in self._spans.values())
        self.queues: Final = {each: deque[TopicRecord]() for each in self._spans}
        if self._spans:
            source.start(self._positions)

    async def fill(self) -> None:
        """Read until every span has a record waiting or is at its end."""
        heard_at = time.monotonic()
        while wanted := [each for each in self._positions if not self.queues[each]]:
            polled = await self._source.poll(wanted, key=self._key, wait_s=_POLL_WAIT_S)
            if any(self._positions[each] != polled[each].position for each in wanted):
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > _SILENCE_S_MAX:
                raise TransientFailure(
                    "kafka.silent",
                    f"the Kafka at {self._source.bootstrap_servers} stopped answering in the "
                    "middle of a read. See that it runs, and run the command again.",
                )
            for partition in wanted:
                self._take(partition, polled[partition])
            self._tell()
            # A topic in memory is read without ever waiting; let the rest of the process run.
            await asyncio.sleep(0)

    def _take(self, partition: Partition, polled: Polled) -> None:
        end = self._spans[partition].end
        self.queues[partition].extend(record for record in polled.records if record.offset < end)
        if polled.position < end:
            self._positions[partition] = polled.position
        else:
            del self._positions[partition]
            self._source.pause(partition)

    def _tell(self) -> None:
        left = sum(self._spans[each].end - at for each, at in self._positions.items())
        self._on_progress(self._total - left, self._total)
