"""A cluster's health through aiokafka: which Kafka it is, and which replicas keep up.

Owns one request that aiokafka does not speak: the version of ApiVersions in which brokers tell the
level of their metadata, which is the nearest thing to a version that Kafka tells.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# ruff: noqa: ANN401

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import ApiVersionResponse_v1
from aiokafka.protocol.api import Request, RequestStruct, ResponseHeader_v0
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

from agents.lane.kafka.client import start_client
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID: Final = "biolatch-doctor"
_FINALIZED_FEATURES: Final = 2
_METADATA_VERSION: Final = "metadata.version"
_NO_LEADER: Final = -1

_FEATURES: Final = CompactArray(
    ("name", CompactString("utf-8")), ("max", Int16), ("min", Int16), ("tags", TaggedFields)
)


class Replicas(NamedTuple):
    """The replicas of one partition.

    Attributes:
        partition: of which.
        assigned: how many there should be.
        in_sync: how many keep up.
        has_leader: whether anybody can read or write it.
    """

    partition: Partition
    assigned: int
    in_sync: int
    has_leader: bool


class Health(NamedTuple):
    """What a cluster says of itself.

    Attributes:
        metadata_level: of its metadata (`metadata.version`); None from a Kafka before 3.3.
        replicas: of every partition of the topics that were asked for.
    """

    metadata_level: int | None
    replicas: tuple[Replicas, ...]


class _ApiVersionsResponse3(ApiVersionResponse_v1):  # type: ignore[misc]  # aiokafka's, untyped
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_keys",
            CompactArray(
                ("api_key", Int16), ("min", Int16), ("max", Int16), ("tags", TaggedFields)
            ),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class _ApiVersionsRequest3(RequestStruct):  # type: ignore[misc]  # as above
    FLEXIBLE_VERSION = True
    API_KEY = 18
    API_VERSION = 3
    RESPONSE_TYPE = _ApiVersionsResponse3
    SCHEMA = Schema(
        ("client_software_name", CompactString("utf-8")),
        ("client_software_version", CompactString("utf-8")),
        ("tags", TaggedFields),
    )

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> Any:
        """The one flexible request whose answer has the oldest header, for whoever asks blindly."""
        return ResponseHeader_v0.decode(read_buffer)


class _ApiVersions(Request[_ApiVersionsRequest3]):  # type: ignore[misc]  # as above
    API_KEY = 18

    def build(self, request_struct_class: type[_ApiVersionsRequest3]) -> _ApiVersionsRequest3:
        return request_struct_class("biolatch", "1", {})


async def cluster_health(connection: Connection, topics: Iterable[str]) -> Health:
    """Ask.

    Raises:
        TransientFailure: no broker answers.
        Misconfigured: the broker refuses.
    """
    wanted = set(topics)
    with kafka_failures(connection.bootstrap_servers):
        client: Any = AIOKafkaClient(**connection.client(_CLIENT_ID))
        try:
            await start_client(_Startable(client), connection)
            cluster = await client.fetch_all_metadata()
            level = await _metadata_level(client)
        finally:
            await client.close()
    return Health(
        level,
        tuple(
            Replicas(
                Partition(topic, number),
                len(about.replicas),
                len(about.isr),
                about.leader != _NO_LEADER,
            )
            for topic, by_number in sorted(cluster._partitions.items())  # noqa: SLF001 - no other way
            if topic in wanted
            for number, about in sorted(by_number.items())
        ),
    )


class _Startable:
    """A client whose start is called `bootstrap`."""

    def __init__(self, client: Any) -> None:
        self.start = client.bootstrap


async def _metadata_level(client: Any) -> int | None:
    response = await client.send(client.get_random_node(), _ApiVersions())
    features = response.tags.get(_FINALIZED_FEATURES)
    if features is None:
        return None
    decoded = _FEATURES.decode(BytesIO(features)) or ()
    return next((level for name, level, *_ in decoded if name == _METADATA_VERSION), None)
