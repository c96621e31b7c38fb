"""The topics for Strimzi, from `schemas.topics`."""

from typing import Final

from schemas.sizing import PRODUCTION
from schemas.topics import Topic, topology

_HEAD: Final = """\
# The topics of biolatch for Strimzi, as `biolatch topics apply` makes them on three brokers.
# Drawn from schemas/topics.py by `make docs`: change it there. The label names the Kafka resource.
"""


def strimzi_topics() -> str:
    """The topics as Kubernetes resources, in YAML."""
    return _HEAD + "".join(_topic(topic) for topic in topology().topics)


def _topic(topic: Topic) -> str:
    lines = [
        "---",
        f"# {topic.purpose}",
        "apiVersion: kafka.strimzi.io/v1",
        "kind: KafkaTopic",
        "metadata:",
        f"  name: {topic.name}",
        "  labels:",
        "    strimzi.io/cluster: kafka",
        "spec:",
        f"  partitions: {PRODUCTION.partitions}",
        f"  replicas: {PRODUCTION.replication}",
        "  config:",
    ]
    settings = topic.settings(replication=PRODUCTION.replication)
    lines += [f'    {name}: "{value}"' for name, value in settings.items()]
    return "\n".join(lines) + "\n"
