"""From the topic of the security feed into the folder of Parquet files, without end.

Owns when a stretch is put in place, and what is done where topic and folder do not fit together.
It joins no group: the folder knows how far it is, and one process has the folder.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from agents.analytics_settings import AnalyticsSettings
from agents.lane.port import Partition
from agents.metrics.at_work import AtWork
from deploy.analytics.columns import Row, row_of
from deploy.analytics.store import ParquetStore
from deploy.records.connection import Connection
from deploy.records.reader import Polled, TopicReader
from deploy.records.topic_record import Span
from events.errors import Misconfigured
from schemas.topics import SECURITY_EVENTS

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_WAIT_S_MAX: Final = 0.5
_ALIVE_CHECK_S: Final = 10.0


@dataclass(slots=True)
class _Waiting:
    """Rows of a partition that are in no file yet.

    Attributes:
        first: offset from which they were read.
        next_offset: offset from which is read next.
        rows: the rows.
        since_s: when the first of them came, by a clock that only goes forward.
    """

    first: int
    next_offset: int
    rows: list[Row] = field(default_factory=list)
    since_s: float = 0.0

    def take(self, polled: Polled) -> None:
        """Add what has arrived."""
        if polled.records and not self.rows:
            self.since_s = time.monotonic()
        self.rows.extend(row_of(record) for record in polled.records)
        self.next_offset = polled.position


class Sink:
    """Keeps the feed: reads, waits a little, and puts it in place."""

    def __init__(
        self,
        connection: Connection,
        store: ParquetStore,
        settings: AnalyticsSettings,
        at_work: AtWork,
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            connection: where the topic is.
            store: where the files are.
            settings: when they are written.
            at_work: told while the topic is read.
        """
        self._connection: Final = connection
        self._store: Final = store
        self._settings: Final = settings
        self._at_work: Final = at_work
        self._pruned_for = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Keep what comes until `stop` is set; what was read then stands in files.

        Raises:
            TransientFailure: Kafka or the disk failed; call again, and nothing is lost or doubled.
            Misconfigured: the topic is missing, or is not the one that the folder was made from.
        """
        async with TopicReader(self._connection) as reader:
            partitions = await reader.partitions(SECURITY_EVENTS)
            starts = self._starts(await reader.spans(partitions))
            reader.start(starts)
            waiting = {each: _Waiting(start, start) for each, start in starts.items()}
            _logger.info("parquet.serving", partitions=len(partitions))
            with self._at_work.now():
                await self._keep(reader, waiting, stop)
            await self._put(waiting, everything=True)

    async def _keep(
        self, reader: TopicReader, waiting: Mapping[Partition, _Waiting], stop: asyncio.Event
    ) -> None:
        checked_s = time.monotonic()
        while not stop.is_set():
            polled = await reader.poll([*waiting], key=None, wait_s=_WAIT_S_MAX)
            for partition, each in polled.items():
                waiting[partition].take(each)
            await self._put(waiting, everything=False)
            self._prune()
            if time.monotonic() - checked_s > _ALIVE_CHECK_S:
                await reader.check_alive()
                checked_s = time.monotonic()

    def _starts(self, spans: Mapping[Partition, Span]) -> dict[Partition, int]:
        starts: dict[Partition, int] = {}
        for partition, span in spans.items():
            position = self._store.positions.get(partition.number)
            if position is not None and position > span.end:
                raise Misconfigured(
                    "analytics.other-topic",
                    f"{partition} ends at offset {span.end}, and the folder has it up to "
                    f"{position}: the topic was made anew. Set BIOLATCH_ANALYTICS__PARQUET_FOLDER "
                    "to a new folder.",
                )
            if position is not None and position < span.start:
                _logger.error(
                    "parquet.events-gone",
                    partition=partition.number,
                    kept_up_to=position,
                    topic_starts_at=span.start,
                    reason="the topic's retention was faster; `biolatch analyse gaps` shows them",
                )
            starts[partition] = max(span.start, span.start if position is None else position)
        return starts

    async def _put(self, waiting: Mapping[Partition, _Waiting], *, everything: bool) -> None:
        now_s = time.monotonic()
        for partition, each in waiting.items():
            if not each.rows or not (everything or self._is_due(each, now_s)):
                continue
            await asyncio.to_thread(
                self._store.write, partition.number, each.first, each.next_offset, each.rows
            )
            _logger.info(
                "parquet.kept",
                partition=partition.number,
                events=len(each.rows),
                next_offset=each.next_offset,
            )
            each.first, each.rows = each.next_offset, []

    def _is_due(self, waiting: _Waiting, now_s: float) -> bool:
        is_full = len(waiting.rows) >= self._settings.parquet_records_max
        return is_full or now_s - waiting.since_s >= self._settings.parquet_interval_s

    def _prune(self) -> None:
        today = datetime.now(tz=UTC).date()
        if self._pruned_for == str(today):
            return
        oldest = today - timedelta(days=self._settings.parquet_days_max - 1)
        for day in self._store.prune(str(oldest)):
            _logger.info("parquet.day-removed", day=day)
        self._pruned_for = str(today)
