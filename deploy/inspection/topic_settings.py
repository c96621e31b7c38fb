"""The settings that the topics of an application have on the cluster."""

from collections.abc import Mapping

from deploy.kafka.admin import KafkaAdmin
from deploy.records.connection import Connection
from deploy.records.kafka_failures import missing_topic
from schemas.topics import Topology


async def settings_of(connection: Connection, topology: Topology) -> dict[str, Mapping[str, str]]:
    """Every setting in force of every topic, by the topic's name.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: a topic is missing, or Kafka refuses.
    """
    async with KafkaAdmin.over(connection) as admin:
        found = await admin.topics(topic.name for topic in topology.topics)
    for topic in topology.topics:
        if topic.name not in found:
            raise missing_topic(connection.bootstrap_servers, topic.name)
    return {name: topic.settings for name, topic in found.items()}
