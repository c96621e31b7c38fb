"""Rights on the cluster: the words in which `schemas.principals` says who may do what."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schemas.topics import TopicName


class Role(StrEnum):
    """What a principal is there for."""

    PUBLISHER = "publisher"
    READER = "reader"
    WORKER = "worker"
    NOTIFIER = "notifier"
    ANALYTICS = "analytics"
    ANALYST = "analyst"
    SIGNALS = "signals"
    OPERATOR = "operator"
    CONSOLE = "console"
    MONITOR = "monitor"


class ResourceKind(StrEnum):
    """What a right is about, in Strimzi's words."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactionalId"


class Operation(StrEnum):
    """What may be done, in Kafka's words."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    ALTER = "Alter"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"


class Resource(NamedTuple):
    """What a right is about.

    Attributes:
        kind: of what kind it is.
        name: its name, or how its name begins.
        is_prefix: whether all names are meant that begin so.
    """

    kind: ResourceKind
    name: str
    is_prefix: bool = False


class Grant(NamedTuple):
    """Operations on one resource.

    Attributes:
        resource: what they are about.
        operations: what may be done.
        why: what cannot be done without.
    """

    resource: Resource
    operations: tuple[Operation, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One kind of user.

    Attributes:
        role: its name here.
        purpose: one line for people.
        grants: all that it may do.
    """

    role: Role
    purpose: str
    grants: tuple[Grant, ...]


class Right(NamedTuple):
    """One operation on one resource that one user of the cluster has."""

    user: str
    resource: Resource
    operation: Operation


def on_topic(name: TopicName) -> Resource:
    """A topic, as a resource."""
    return Resource(ResourceKind.TOPIC, name)


def on_group(name: str, *, is_prefix: bool = False) -> Resource:
    """A consumer group, or all whose names begin so."""
    return Resource(ResourceKind.GROUP, name, is_prefix)
