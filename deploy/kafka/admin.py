"""A cluster's administration through aiokafka; the only file of `deploy` that imports it.

aiokafka ships no types, so everything that comes out of it is turned into the frozen types of this
file at once, and every error of it into one of our four kinds. Nothing here deletes anything.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# aiokafka has no type information; see above.

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import errors as kafka_errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from agents.lane.kafka.client import start_client
from agents.lane.kafka.security import PLAINTEXT, Security
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID: Final = "biolatch-admin"
_REQUEST_TIMEOUT_S: Final = 10.0
_SHOWN_CHECK_S: Final = 0.05
_COORDINATOR_S_MAX: Final = 30.0
_SHOWN_CHECKS_MAX: Final = 100
_SET_ON_THE_TOPIC: Final = 1  # DescribeConfigs: ConfigSource.DYNAMIC_TOPIC_CONFIG


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Who answered: the cluster's id, and the brokers that are alive."""

    cluster_id: str
    brokers: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTopic:
    """A topic as the cluster has it.

    Attributes:
        partitions: how many.
        replication: replicas of its first partition.
        settings: every setting in force, wherever it is set.
        overridden: names of the settings that are set on the topic itself.
    """

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str]
    overridden: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """A member of a consumer group: which client, from where, with what.

    Attributes:
        client_id: as the client calls itself.
        host: where it connected from.
        partitions: what the group has assigned to it.
    """

    client_id: str
    host: str
    partitions: frozenset[Partition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A consumer group: its state in Kafka's words (`Stable`, `Empty`, `Dead`: not known)."""

    state: str
    members: tuple[GroupMember, ...]


class KafkaAdmin:
    """An open connection for administration; use it as an asynchronous context manager.

    Every method raises TransientFailure when the cluster cannot be reached or asks to be tried
    again, and Misconfigured when it refuses.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        request_timeout_s: float = _REQUEST_TIMEOUT_S,
        security: Security = PLAINTEXT,
    ) -> None:
        """Prepare a connection to these servers (`host:port`, several with commas)."""
        self._connection = Connection(
            bootstrap_servers=bootstrap_servers,
            request_timeout_s=request_timeout_s,
            security=security,
        )
        self._bootstrap_servers = bootstrap_servers
        self._client: Any = None

    @classmethod
    def over(cls, connection: Connection) -> Self:
        """Prepare what reaches Kafka as this connection does."""
        return cls(
            connection.bootstrap_servers,
            request_timeout_s=connection.request_timeout_s,
            security=connection.security,
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        with self._translated_errors():
            # It takes the running loop, so it is made here and not before.
            self._client = AIOKafkaAdminClient(**self._connection.client(_CLIENT_ID))
            try:
                await start_client(self._client, self._connection)
            except BaseException:
                await self._client.close()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._client.close()

    async def cluster(self) -> Cluster:
        """Who answers at this address."""
        with self._translated_errors():
            described: dict[str, Any] = await self._client.describe_cluster()
        return Cluster(
            cluster_id=described["cluster_id"],
            brokers=frozenset(broker["node_id"] for broker in described["brokers"]),
        )

    async def topics(self, names: Iterable[str]) -> dict[str, ClusterTopic]:
        """Those of the named topics that exist."""
        wanted = set(names)
        with self._translated_errors():
            # All topics are asked for: asking for one by name would create it on a cluster that
            # creates topics by itself.
            every: list[dict[str, Any]] = await self._client.describe_topics()
            found = {entry["topic"]: entry for entry in every if entry["topic"] in wanted}
            if not found:
                return {}
            answers: list[Any] = await self._client.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name) for name in found]
            )
        described: dict[str, list[dict[str, Any]]] = {}
        for answer in answers:
            for resource in answer.to_object()["resources"]:
                self._check(resource["error_code"], resource["error_message"])
                described[resource["resource_name"]] = resource["config_entries"]
        return {
            name: _cluster_topic(name, entry["partitions"], described[name])
            for name, entry in found.items()
        }

    async def create(
        self, name: str, *, partitions: int, replication: int, settings: Mapping[str, str]
    ) -> bool:
        """Create a topic and wait until brokers show it; False if it exists by now, however set."""
        new = NewTopic(name, partitions, replication, topic_configs=dict(settings))
        with self._translated_errors():
            answer = await self._client.create_topics([new])
        for _name, code, message in answer.topic_errors:
            if code == kafka_errors.TopicAlreadyExistsError.errno:
                return False
            self._check(code, message)
        await self._shown(name)
        return True

    async def _shown(self, name: str) -> None:
        """Wait until a new topic is in the metadata, which follows its creation by a moment."""
        with self._translated_errors():
            for _ in range(_SHOWN_CHECKS_MAX):
                every: list[dict[str, Any]] = await self._client.describe_topics()
                if any(entry["topic"] == name for entry in every):
                    return
                await asyncio.sleep(_SHOWN_CHECK_S)

    async def set_settings(self, topic: ClusterTopic, settings: Mapping[str, str]) -> None:
        """Set these settings on a topic and leave its others as they are.

        The request of the protocol replaces everything that is set on the topic, so what was set
        before goes with it again.
        """
        kept = {name: topic.settings[name] for name in topic.overridden}
        with self._translated_errors():
            answers: list[Any] = await self._client.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic.name, {**kept, **settings})]
            )
        for answer in answers:
            for resource in answer.to_object()["resources"]:
                self._check(resource["error_code"], resource["error_message"])

    async def grow(self, name: str, partitions: int) -> None:
        """Give a topic that many partitions, which are more than it has, and wait to see them."""
        with self._translated_errors():
            await self._client.create_partitions({name: NewPartitions(partitions)})
            for _ in range(_SHOWN_CHECKS_MAX):
                every: list[dict[str, Any]] = await self._client.describe_topics()
                if any(
                    entry["topic"] == name and _has_leaders(entry["partitions"], partitions)
                    for entry in every
                ):
                    return
                await asyncio.sleep(_SHOWN_CHECK_S)

    async def group(self, group_id: str) -> Group:
        """A consumer group as its coordinator knows it."""
        with self._translated_errors():
            answer = await self._described_group(group_id)
        _code, _id, state, _kind, _protocol, members, *_ = answer.groups[0]
        return Group(state=state, members=tuple(_group_member(*each[:5]) for each in members))

    async def _described_group(self, group_id: str) -> Any:  # noqa: ANN401 - aiokafka's, untyped
        deadline = time.monotonic() + _COORDINATOR_S_MAX
        while True:
            try:
                [answer] = await self._client.describe_consumer_groups([group_id])
                if code := answer.groups[0][0]:
                    raise kafka_errors.for_code(code)(group_id)
            except kafka_errors.KafkaError as error:
                # On a new cluster the first question makes Kafka create its own group topic.
                if not error.retriable or time.monotonic() > deadline:
                    raise
            else:
                return answer
            await asyncio.sleep(_SHOWN_CHECK_S)

    def _check(self, code: int, message: str | None) -> None:
        if code:
            with self._translated_errors():
                raise kafka_errors.for_code(code)(message)

    def _translated_errors(self) -> AbstractContextManager[None]:
        return kafka_failures(self._bootstrap_servers)


def _cluster_topic(
    name: str, partitions: list[dict[str, Any]], entries: list[dict[str, Any]]
) -> ClusterTopic:
    return ClusterTopic(
        name=name,
        partitions=len(partitions),
        replication=len(partitions[0]["replicas"]),
        settings={entry["config_names"]: entry["config_value"] for entry in entries},
        overridden=frozenset(
            entry["config_names"]
            for entry in entries
            if entry["config_source"] == _SET_ON_THE_TOPIC
        ),
    )


def _has_leaders(partitions: list[dict[str, Any]], count: int) -> bool:
    return len(partitions) == count and all(each["leader"] >= 0 for each in partitions)


def _group_member(
    _member_id: str, client_id: str, host: str, _metadata: bytes, assignment: bytes
) -> GroupMember:
    assigned: Sequence[tuple[str, list[int]]] = (
        ConsumerProtocolMemberAssignment.decode(assignment).assignment if assignment else ()
    )
    return GroupMember(
        client_id=client_id,
        host=host.removeprefix("/"),
        partitions=frozenset(
            Partition(topic, number) for topic, numbers in assigned for number in numbers
        ),
    )
