"""How far the groups of an agent are behind, or those of all: one look, for `biolatch lag`.

Owns which groups an agent has, and on which topics. Looks as the monitor does where only the
cluster knows what groups there are.
"""

import time
from collections.abc import Callable
from itertools import groupby
from typing import Final, NamedTuple, assert_never

from agents.settings import Settings
from deploy.analytics.lanes import lanes
from deploy.inspection.lag import Lag, measure_lag
from deploy.monitor.groups import GroupLookout, GroupView, Watched
from deploy.records.connection import connection_to
from deploy.records.consumer_groups import ConsumerGroups
from deploy.records.reader import TopicReader
from deploy.workers import AgentName
from schemas.topics import DECISIONS, DEVICE_EVENTS, topology

WITHOUT_GROUP: Final = (
    "The parquet agent has no group: how far it is stands in the names of its files "
    "(BIOLATCH_ANALYTICS__PARQUET_FOLDER)."
)
"""Why one of the agents is not among what is shown."""


class GroupTopic(NamedTuple):
    """A group, and a topic that it reads."""

    group: str
    topic: str


class GroupLag(NamedTuple):
    """How far a group is behind on a topic that it reads."""

    reads: GroupTopic
    lag: Lag


async def lags_of(settings: Settings, agents: AgentName) -> list[GroupLag]:
    """How far an agent's groups are behind; none where it has no group, or none yet.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: a topic is missing, or Kafka refuses.
    """
    application = settings.application
    match agents:
        case AgentName.DEVICES:
            return await _measured(settings, GroupTopic(application.group, DEVICE_EVENTS))
        case AgentName.NOTIFIER:
            return await _measured(settings, GroupTopic(f"{application.name}-notifier", DECISIONS))
        case AgentName.ANALYTICS:
            return await _measured(
                settings,
                *(
                    GroupTopic(lane.settings(settings).application.group, lane.input.name)
                    for lane in lanes(topology(application.name))
                ),
            )
        case AgentName.SIGNALS:
            # One for each stream, and only receivers know what streams there are.
            begins = f"{application.name}-signals-"
            return await _found(settings, lambda group: group.startswith(begins))
        case AgentName.PARQUET:
            return []
        case _:
            assert_never(agents)


async def all_lags(settings: Settings) -> list[GroupLag]:
    """How far every group of the application is behind, on each topic that it reads.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: there is no topic of the application, or Kafka refuses.
    """
    return await _found(settings, lambda _group: True)


async def _measured(settings: Settings, *wanted: GroupTopic) -> list[GroupLag]:
    async with TopicReader(connection_to(settings.kafka)) as reader:
        return [
            GroupLag(
                each, await measure_lag(reader, each.group, topic=each.topic, now_ms=_now_ms())
            )
            for each in wanted
        ]


async def _found(settings: Settings, is_wanted: Callable[[str], bool]) -> list[GroupLag]:
    connection = connection_to(settings.kafka)
    watched = Watched(application=settings.application.name, group=settings.application.group)
    async with ConsumerGroups(connection) as groups, TopicReader(connection) as reader:
        lookout = GroupLookout(watched, groups, reader)
        standings = await lookout.standings()
        wanted = {name: each for name, each in standings.groups.items() if is_wanted(name)}
        views = await lookout.views(standings._replace(groups=wanted), _now_ms())
    return [each for group, view in views.items() for each in _by_topic(group, view)]


def _by_topic(group: str, view: GroupView) -> list[GroupLag]:
    return [
        GroupLag(GroupTopic(group, topic), Lag(tuple(view.lags[each] for each in partitions)))
        for topic, partitions in groupby(sorted(view.lags), key=lambda each: each.topic)
    ]


def _now_ms() -> int:
    return int(time.time() * 1000)
