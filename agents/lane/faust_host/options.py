"""What the Faust host has to know."""

from dataclasses import dataclass

from agents.lane.kafka.client import KafkaOptions
from agents.lane.kafka.group import GroupOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOptions:
    """What the host has to know.

    Attributes:
        application: the Faust application's id.
        input_topic: the topic that the lanes read.
        kafka: how to reach Kafka.
        group: how to take part in the group and fetch.
        instance_id: the worker's id as a static member of the group; None for a dynamic one.
    """

    application: str
    input_topic: str
    kafka: KafkaOptions
    group: GroupOptions
    instance_id: str | None
