"""One look at the cluster: where every group of the application stands, and every topic.

Owns what is looked at of topics; `deploy.monitor.groups` has the groups. What could not be found
out is None, and never 0.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from agents.lane.port import Partition
from deploy.inspection.oldest_waiting import OldestWaiting
from deploy.monitor.groups import GroupLookout, GroupView, Watched
from deploy.records.consumer_groups import ConsumerGroups
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from events.errors import Misconfigured, TransientFailure


class PartitionEnds(NamedTuple):
    """What a partition holds.

    Attributes:
        start: its first offset.
        stable: the last stable offset: behind it stands an open transaction, and what follows it.
        latest: the offset that its next record gets.
        stable_age_ms: age of the record at the last stable offset, which is how long the oldest
            open transaction has been open; 0 where none is, None where it could not be read.
        hanging: how many transactions are open for longer than any may be; None where
            `stable_age_ms` is.
    """

    start: int
    stable: int
    latest: int
    stable_age_ms: int | None
    hanging: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look has shown."""

    cluster: str
    partitions: Mapping[Partition, PartitionEnds]
    groups: Mapping[str, GroupView]


class Lookout:
    """Looks again and again over the same connections, and reads nothing twice."""

    def __init__(
        self,
        watched: Watched,
        groups: ConsumerGroups,
        committed: TopicReader,
        uncommitted: TopicReader,
        *,
        hanging_ms: int,
    ) -> None:
        """Look by these open connections: one reads what is committed, one everything.

        A transaction that is open for longer than `hanging_ms` hangs.
        """
        self._of_groups = GroupLookout(watched, groups, committed)
        self._groups = groups
        self._uncommitted = uncommitted
        self._open = OldestWaiting()
        self._hanging_ms = hanging_ms

    async def look(self, now_ms: int) -> Look:
        """Look once.

        Raises:
            TransientFailure: Kafka does not answer, or not now.
            Misconfigured: it refuses, or shows no topic of the application.
        """
        standings = await self._of_groups.standings()
        return Look(
            cluster=await self._groups.cluster_id(),
            partitions=await self._ends(standings.spans, now_ms),
            groups=await self._of_groups.views(standings, now_ms),
        )

    async def _ends(
        self, spans: Mapping[Partition, Span], now_ms: int
    ) -> dict[Partition, PartitionEnds]:
        # After the stable ends: what is behind them now was written before.
        latest = await self._uncommitted.spans(spans)
        unstable = {
            each: Span(span.end, latest[each].end)
            for each, span in spans.items()
            if span.end < latest[each].end
        }
        opened: dict[Partition, int] = {}
        # One by one: one that may not be read must not hide the others.
        for partition, span in unstable.items():
            with suppress(TransientFailure, Misconfigured):
                opened |= await self._open.timestamps(self._uncommitted, {partition: span})
        ages = {
            each: _age_ms(opened.get(each), now_ms) if each in unstable else 0 for each in spans
        }
        held_up = {each: span for each, span in unstable.items() if self._is_long(ages[each])}
        hanging = await self._hanging(held_up, now_ms) if held_up else {}
        return {
            each: PartitionEnds(
                start=span.start,
                stable=span.end,
                latest=latest[each].end,
                stable_age_ms=ages[each],
                hanging=None if ages[each] is None else hanging.get(each, 0),
            )
            for each, span in spans.items()
        }

    def _is_long(self, age_ms: int | None) -> bool:
        return age_ms is not None and age_ms > self._hanging_ms

    async def _hanging(
        self, held_up: Mapping[Partition, Span], now_ms: int
    ) -> dict[Partition, int]:
        """How many transactions hang in each of these partitions, where one does.

        Those that begin before the first record that is not too old; the oldest is known to.
        """
        begins: Mapping[Partition, tuple[int, ...]] = {}
        young: Mapping[Partition, Span] = held_up
        with suppress(TransientFailure, Misconfigured):
            young = await self._uncommitted.since(held_up, now_ms - self._hanging_ms)
            begins = await self._uncommitted.open_transactions(held_up)
        return {
            each: max(1, sum(start < young[each].start for start in begins.get(each, ())))
            for each in held_up
        }


def _age_ms(timestamp_ms: int | None, now_ms: int) -> int | None:
    return None if timestamp_ms is None else max(0, now_ms - timestamp_ms)
