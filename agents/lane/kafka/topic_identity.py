"""Which topic this is: its id, which another topic of the same name does not share.

aiokafka knows no topic ids: they came with Kafka 2.8, in a version of the metadata request that
it does not speak. So that version is spelt out here.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false, reportPrivateUsage=false
# ruff: noqa: ANN401

from io import BytesIO
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct
from aiokafka.protocol.metadata import MetadataResponse_v5
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)


class TopicIdentity(NamedTuple):
    """Names one topic of one cluster for ever.

    Attributes:
        cluster_id: of the cluster.
        topic_id: of the topic.
    """

    cluster_id: str
    topic_id: UUID


class _Uuid(AbstractType[UUID]):  # type: ignore[misc]  # as below
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))

    @classmethod
    def repr(cls, value: UUID) -> str:
        return str(value)


class _MetadataResponse12(MetadataResponse_v5):  # type: ignore[misc]  # aiokafka's, untyped
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataRequest12(RequestStruct):  # type: ignore[misc]  # as above
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse12
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid), ("topic", CompactString("utf-8")), ("tags", TaggedFields)
            ),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _OfOneTopic(Request[_MetadataRequest12]):  # type: ignore[misc]  # as above
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequest12]) -> _MetadataRequest12:
        return request_struct_class([(UUID(int=0), self._topic, {})], False, False, {})  # noqa: FBT003 - by position


async def identify(client: Any, topic: str) -> TopicIdentity:
    """Ask for a topic's identity over a connected aiokafka client.

    Raises:
        aiokafka.errors.KafkaError: there is no such topic, or no answer; from brokers before
            Kafka 2.8 there is none.
    """
    response = await client.send(client.get_random_node(), _OfOneTopic(topic))
    if not response.topics:
        raise UnknownTopicOrPartitionError(topic)
    [(error_code, _name, topic_id, *_)] = response.topics
    if error_code:
        raise for_code(error_code)(topic)
    return TopicIdentity(response.cluster_id, topic_id)
