"""How a topic on a cluster differs from its specification, and what mends each difference.

Pure: compares two descriptions. Only settings that `schemas.topics` states are compared; whatever
else an operator sets on a topic is the operator's.
"""

from dataclasses import dataclass

from deploy.kafka.admin import ClusterTopic
from schemas.sizing import Sizing
from schemas.topics import Topic, TopicName

FIX_SETTINGS = "biolatch topics apply --fix-config"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One thing that the cluster has otherwise.

    Attributes:
        topic: on which topic.
        setting: a Kafka setting, or `partitions`, or `replication`.
        have: what the cluster has.
        want: what biolatch expects.
        advice: what mends it.
        fixable: whether `--fix-config` does.
    """

    topic: TopicName
    setting: str
    have: str
    want: str
    advice: str
    fixable: bool = False


def drift_of(topic: Topic, found: ClusterTopic, sizing: Sizing) -> list[Drift]:
    """Every difference between a topic's specification and the topic on the cluster."""
    differences: list[Drift] = []
    if found.partitions != sizing.partitions:
        differences.append(
            Drift(
                topic=topic.name,
                setting="partitions",
                have=str(found.partitions),
                want=str(sizing.partitions),
                advice=_partition_advice(found, sizing.partitions),
            )
        )
    if found.replication != sizing.replication:
        differences.append(
            Drift(
                topic=topic.name,
                setting="replication",
                have=str(found.replication),
                want=str(sizing.replication),
                advice=(
                    f"move it to {sizing.replication} replicas with kafka-reassign-partitions.sh, "
                    f"or accept what is there with --replication {found.replication}"
                ),
            )
        )
    for setting, want in topic.settings(replication=sizing.replication).items():
        have = found.settings.get(setting, "unknown to this cluster")
        if have != want:
            differences.append(
                Drift(
                    topic=topic.name,
                    setting=setting,
                    have=have,
                    want=want,
                    advice=FIX_SETTINGS,
                    fixable=setting in found.settings,
                )
            )
    return differences


def input_drift(topic: Topic, found: ClusterTopic, wish: int | None) -> list[Drift]:
    """The difference between an existing input and a partition count that was asked for."""
    if wish is None or wish == found.partitions:
        return []
    return [
        Drift(
            topic=topic.name,
            setting="partitions",
            have=str(found.partitions),
            want=str(wish),
            advice=(
                "the input exists and decides: leave out --partitions. Another count would move "
                "devices between partitions"
            ),
        )
    ]


def _partition_advice(found: ClusterTopic, want: int) -> str:
    if found.partitions < want:
        return f"stop the workers and publishers, then: biolatch topics repartition {want} --apply"
    return (
        f"Kafka cannot take partitions away: stop the workers, delete {found.name} if its records "
        "may go, and apply again"
    )
