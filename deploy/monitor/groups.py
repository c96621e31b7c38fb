"""Where every group of the application stands, and how far behind that is.

Owns what is asked, and in which order: a group's offsets before the ends, so that nobody who keeps
up seems to be ahead. What could not be found out is None, and never 0.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.inspection.lag import PartitionLag, partition_lags
from deploy.inspection.oldest_waiting import OldestWaiting
from deploy.records.consumer_groups import ConsumerGroups, Member
from deploy.records.reader import TopicReader
from deploy.records.topic_record import Span
from events.errors import Misconfigured
from schemas.topics import DEVICE_EVENTS

_TOPICS: Final = "biolatch."
"""What the names of the topics begin with that are not of one application alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is looked at.

    Attributes:
        application: groups and topics whose names begin so, with a hyphen behind it, belong to it.
        group: the workers' own group, which reads the input whether or not it ever committed;
            groups whose names begin so, with a hyphen behind it, belong to it, too.
    """

    application: str
    group: str

    def is_group(self, name: str) -> bool:
        """Whether a group is one of the application's."""
        return name in {self.group, self.application} or name.startswith(
            (f"{self.application}-", f"{self.group}-")
        )

    def is_topic(self, name: str) -> bool:
        """Whether a topic is one of the application's."""
        return name.startswith((_TOPICS, f"{self.application}-"))


class Standing(NamedTuple):
    """Where a group stands, and who of it has which partition."""

    offsets: Mapping[Partition, int]
    members: Mapping[Partition, Member]


class Standings(NamedTuple):
    """Where groups stand, and what every partition of the application held after that."""

    groups: Mapping[str, Standing]
    spans: Mapping[Partition, Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """How far behind a group is, and who of it has which partition."""

    lags: Mapping[Partition, PartitionLag]
    members: Mapping[Partition, Member]


class GroupLookout:
    """Looks again and again over the same connections, and reads nothing twice."""

    def __init__(self, watched: Watched, groups: ConsumerGroups, committed: TopicReader) -> None:
        """Look by these open connections; the reader reads what is committed."""
        self._watched = watched
        self._groups = groups
        self._committed = committed
        self._waiting: dict[str, OldestWaiting] = {}

    async def standings(self) -> Standings:
        """Where every group of the application stands now.

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
        groups = {name: await self._standing(name) for name in await self._names()}
        return Standings(groups, await self._committed.spans(known))

    async def _names(self) -> list[str]:
        names = {name for name in await self._groups.names() if self._watched.is_group(name)}
        return sorted(names | {self._watched.group})

    async def _standing(self, name: str) -> Standing:
        offsets, members = await asyncio.gather(
            self._groups.committed(name), self._groups.members(name)
        )
        return Standing(offsets, members)

    async def views(self, standings: Standings, now_ms: int) -> dict[str, GroupView]:
        """How far behind these groups are, each in all partitions of every topic that it reads.

        Raises:
            TransientFailure: Kafka does not answer, or not now.
            Misconfigured: it refuses.
        """
        return {
            name: await self._view(name, standing, standings.spans, now_ms)
            for name, standing in standings.groups.items()
        }

    async def _view(
        self, name: str, standing: Standing, spans: Mapping[Partition, Span], now_ms: int
    ) -> GroupView:
        offsets, members = standing
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
