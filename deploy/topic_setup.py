"""Makes a cluster's topics what `schemas.topics` says, without surprising its operator.

Owns what is done about a difference. Creates what is missing and sets settings where asked to; must
never delete a topic or change a partition count, for a device's records would change partitions.
What protects the topology's one rule: an existing input decides the partition count of all others
(design section 6.6).
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from deploy.kafka.admin import ClusterTopic, KafkaAdmin
from deploy.topic_drift import Drift, drift_of, input_drift
from events.errors import Misconfigured, TransientFailure
from schemas.sizing import Sizing, sizing_for
from schemas.topics import Topic, TopicName, Topology

_VISIBLE_WAIT_S: Final = 15.0
_VISIBLE_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asked for.

    Attributes:
        partitions: of every topic; None takes the input's, or the default for the cluster's size.
        replication: replicas of every partition; None takes the default for the cluster's size.
        fix_settings: set the settings of existing topics that differ.
        dry_run: look, and change nothing.
    """

    partitions: int | None = None
    replication: int | None = None
    fix_settings: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was found and done.

    Attributes:
        sizing: partitions and replicas that every topic should have.
        created: topics that were made now.
        missing: topics that a dry run would have made.
        present: topics that were there.
        fixed: differences that were mended now.
        drift: differences that remain.
    """

    sizing: Sizing
    created: tuple[TopicName, ...]
    missing: tuple[TopicName, ...]
    present: tuple[TopicName, ...]
    fixed: tuple[Drift, ...]
    drift: tuple[Drift, ...]

    @property
    def is_as_wanted(self) -> bool:
        """Whether the cluster is now what biolatch expects."""
        return not self.missing and not self.drift


async def apply(admin: KafkaAdmin, topology: Topology, wishes: Wishes) -> Outcome:
    """Create what is missing, mend what may be mended, and say what else differs.

    Harmless to repeat, and to run twice at once.

    Raises:
        Misconfigured: the cluster refuses, or has too few brokers for that many replicas.
        TransientFailure: the cluster cannot be reached now.
    """
    found = await _found(admin, topology)
    sizing = await _sizing(admin, found.get(topology.device_events.name), wishes)
    missing = [topic for topic in topology.topics if topic.name not in found]
    created: list[TopicName] = []
    if missing and not wishes.dry_run:
        created = [topic.name for topic in missing if await _create(admin, topic, sizing)]
        missing = []
        found = await _all_visible(admin, topology)
    before = _drift(topology, found, sizing, wishes)
    if any(drift.fixable for drift in before) and wishes.fix_settings and not wishes.dry_run:
        await _set(admin, found, [drift for drift in before if drift.fixable])
        found = await _found(admin, topology)
    remaining = _drift(topology, found, sizing, wishes)
    return Outcome(
        sizing=sizing,
        created=tuple(created),
        missing=tuple(topic.name for topic in missing),
        present=tuple(name for name in found if name not in created),
        fixed=tuple(drift for drift in before if drift not in remaining),
        drift=remaining,
    )


async def _found(admin: KafkaAdmin, topology: Topology) -> dict[TopicName, ClusterTopic]:
    on_cluster = await admin.topics(topic.name for topic in topology.topics)
    return {
        topic.name: on_cluster[topic.name] for topic in topology.topics if topic.name in on_cluster
    }


async def _sizing(admin: KafkaAdmin, events: ClusterTopic | None, wishes: Wishes) -> Sizing:
    brokers = len((await admin.cluster()).brokers)
    if not brokers:
        raise TransientFailure(
            "topics.no-broker", "the cluster shows no living broker just now; try again in a moment"
        )
    default = sizing_for(brokers)
    replication = wishes.replication or default.replication
    if replication > brokers:
        raise Misconfigured(
            "topics.too-few-brokers",
            f"{replication} replicas need as many brokers, and {brokers} can be seen. Start more "
            f"brokers, or pass --replication {brokers}.",
        )
    partitions = events.partitions if events else wishes.partitions or default.partitions
    return Sizing(partitions=partitions, replication=replication)


async def _create(admin: KafkaAdmin, topic: Topic, sizing: Sizing) -> bool:
    return await admin.create(
        topic.name,
        partitions=sizing.partitions,
        replication=sizing.replication,
        settings=topic.settings(replication=sizing.replication),
    )


async def _all_visible(admin: KafkaAdmin, topology: Topology) -> dict[TopicName, ClusterTopic]:
    """A new topic is known to every broker only a moment after its creation was confirmed.

    Until then a broker may leave it out, or name it and refuse to describe it.
    """
    deadline = time.monotonic() + _VISIBLE_WAIT_S
    while time.monotonic() < deadline:
        with suppress(TransientFailure):
            found = await _found(admin, topology)
            if len(found) == len(topology.topics):
                return found
        await asyncio.sleep(_VISIBLE_POLL_S)
    raise TransientFailure(
        "topics.not-visible",
        "the cluster confirmed new topics and does not show them yet; run the command again in a "
        "moment",
    )


def _drift(
    topology: Topology, found: dict[TopicName, ClusterTopic], sizing: Sizing, wishes: Wishes
) -> tuple[Drift, ...]:
    events = found.get(topology.device_events.name)
    return (
        *(input_drift(topology.device_events, events, wishes.partitions) if events else ()),
        *(
            drift
            for topic in topology.topics
            if topic.name in found
            for drift in drift_of(topic, found[topic.name], sizing)
        ),
    )


async def _set(
    admin: KafkaAdmin, found: dict[TopicName, ClusterTopic], drift: Sequence[Drift]
) -> None:
    for name in dict.fromkeys(difference.topic for difference in drift):
        await admin.set_settings(
            found[name],
            {
                difference.setting: difference.want
                for difference in drift
                if difference.topic == name
            },
        )
