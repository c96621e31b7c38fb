"""One look at the cluster: where every group of the application stands, and every topic.

Owns what is looked at, and in which order: a group's offsets before the ends, so that nobody who
keeps up seems to be ahead. What could not be found out is None, and never 0.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.inspection.lag import PartitionLag, partition_lags
from deploy.inspection.oldest_waiting import OldestWaiting
from deploy.records.consumer_groups import ConsumerGroups, Member
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from events.errors import Misconfigured, TransientFailure
from schemas.topics import DEVICE_EVENTS

_TOPICS: Final = "biolatch."
"""What the names of the topics begin with that are not of one application alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a monitor looks at.

    Attributes:
        application: groups and topics whose names begin so, with a hyphen behind it, belong to it.
        group: the workers' own group, which reads the input whether or not it ever committed.
    """

    application: str
    group: str

    def is_group(self, name: str) -> bool:
        """Whether a group is one of the application's."""
        return name in {self.group, self.application} or name.startswith(f"{self.application}-")

    def is_topic(self, name: str) -> bool:
        """Whether a topic is one of the application's."""
        return name.startswith((_TOPICS, f"{self.application}-"))


class PartitionEnds(NamedTuple):
    """What a partition holds.

    Attributes:
        start: its first offset.
        stable: the last stable offset: behind it stands an open transaction, and what follows it.
        latest: the offset that its next record gets.
        stable_age_ms: age of the record at the last stable offset, which is how long the oldest
            open transaction has been open; 0 where none is, None where it could not be read.
    """

    start: int
    stable: int
    latest: int
    stable_age_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Where a group stands, and who of it has which partition."""

    lags: Mapping[Partition, PartitionLag]
    members: Mapping[Partition, Member]


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
    ) -> None:
        """Look by these open connections: one reads what is committed, one everything."""
        self._watched = watched
        self._groups = groups
        self._committed = committed
        self._uncommitted = uncommitted
        self._open = OldestWaiting()
        self._waiting: dict[str, OldestWaiting] = {}

    async def look(self, now_ms: int) -> Look:
        """Look once.

        Raises:
            TransientFailure: Kafka does not answer, or not now.
            Misconfigured: it refuses, or shows no topic of the application.
        """
        counts = await self._groups.partition_counts()
        known = [
            Partition(topic, number)
            for topic, count in sorted(counts.items())
            if self._watched.is_topic(topic)
            for number in range(count)
        ]
        if not known:
            raise Misconfigured(
                "topics.missing",
                "there is no topic of this application, or none that this user may see. Run "
                "`biolatch topics apply`, on a cluster with ACLs with `--acls`.",
            )
        standing = {name: await self._standing(name) for name in await self._names()}
        spans = await self._committed.spans(known)
        return Look(
            cluster=await self._groups.cluster_id(),
            partitions=await self._ends(spans, now_ms),
            groups={
                name: await self._view(name, offsets, members, spans, now_ms)
                for name, (offsets, members) in standing.items()
            },
        )

    async def _names(self) -> list[str]:
        names = {name for name in await self._groups.names() if self._watched.is_group(name)}
        return sorted(names | {self._watched.group})

    async def _standing(self, name: str) -> tuple[dict[Partition, int], dict[Partition, Member]]:
        offsets, members = await asyncio.gather(
            self._groups.committed(name), self._groups.members(name)
        )
        return offsets, members

    async def _view(
        self,
        name: str,
        offsets: Mapping[Partition, int],
        members: Mapping[Partition, Member],
        spans: Mapping[Partition, Span],
        now_ms: int,
    ) -> GroupView:
        topics = {partition.topic for partition in (*offsets, *members)}
        if name == self._watched.group:
            topics.add(DEVICE_EVENTS)
        reads = {each: span for each, span in spans.items() if each.topic in topics}
        lags = await partition_lags(
            self._committed,
            {each: offsets.get(each) for each in reads},
            reads,
            self._waiting.setdefault(name, OldestWaiting()),
            now_ms=now_ms,
        )
        return GroupView(lags=lags, members=members)

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
        return {
            each: PartitionEnds(
                start=span.start,
                stable=span.end,
                latest=latest[each].end,
                stable_age_ms=_age_ms(opened.get(each), now_ms) if each in unstable else 0,
            )
            for each, span in spans.items()
        }


def _age_ms(timestamp_ms: int | None, now_ms: int) -> int | None:
    return None if timestamp_ms is None else max(0, now_ms - timestamp_ms)
