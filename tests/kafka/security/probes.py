"""Asks a broker for one operation at a time, and says with which of Kafka's error codes it answers.

None of the questions changes anything: what would is asked for with nothing to do, of nobody, or to
be checked only.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreateAclsRequest,
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteGroupsRequest,
    DeleteRecordsRequest,
    DescribeAclsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import HeartbeatRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.struct import Struct
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.protocol.types import Array, Schema

_TOPIC, _BROKER = 2, 4
"""Kinds of what has settings."""
_NOT_YET = (14, 15, 16, 51)
"""A coordinator that loads, is new, moves, or ends something else first."""
_ANY, _LITERAL, _READ, _ALLOW = 1, 3, 3, 3


def of_topic(topic: str) -> dict[str, Any]:
    """A question for every operation that a topic knows."""
    return {
        "Describe": OffsetRequest(-1, 0, [(topic, [(0, -1)])]),
        "Read": FetchRequest(0, 0, 1024, 0, [(topic, [(0, 0, 1024)])]),
        "Write": ProduceRequest(None, -1, 5000, [(topic, [(0, b"")])]),
        "Create": CreateTopicsRequest([(topic, 1, 1, [], [])], 5000, True),  # noqa: FBT003
        "Delete": DeleteRecordsRequest([(topic, [(0, 0)])], 5000),
        "Alter": CreatePartitionsRequest([(topic, (100, None))], 5000, True),  # noqa: FBT003
        "DescribeConfigs": DescribeConfigsRequest([(_TOPIC, topic, None)]),
        "AlterConfigs": AlterConfigsRequest([(_TOPIC, topic, [])], validate_only=True),
    }


def of_group(group: str) -> dict[str, Any]:
    """A question for every operation that a consumer group knows."""
    return {
        "Describe": OffsetFetchRequest(group, []),
        "Read": HeartbeatRequest(group, 1, "nobody"),
        "Delete": DeleteGroupsRequest([group]),
    }


def of_transactional_id(name: str) -> dict[str, Any]:
    """A question for every operation that a transactional id knows; it fences whoever has it."""
    return {
        "Describe": FindCoordinatorRequest(name, 1),
        "Write": InitProducerIdRequest(name, 10_000),
    }


def of_cluster() -> dict[str, Any]:
    """Questions for operations on the cluster."""
    about = (_TOPIC, "no-topic", _LITERAL, "User:nobody", "*", _READ, _ALLOW)
    return {
        "Describe": DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY),
        "Alter": CreateAclsRequest(*about),
        "AlterConfigs": AlterConfigsRequest([(_BROKER, "1", [])], validate_only=True),
        "Create": CreateTopicsRequest([("somebody-s", 1, 1, [], [])], 5000, True),  # noqa: FBT003
        "IdempotentWrite": InitProducerIdRequest(None, 10_000),
    }


async def wait_for_coordinators(servers: str) -> None:
    """Let a new cluster make the topics in which it keeps groups and transactions."""
    client = AIOKafkaClient(bootstrap_servers=servers)
    await client.bootstrap()
    try:
        await answers(client, {"groups": FindCoordinatorRequest("any", 0)})
        await answers(client, {"transactions": FindCoordinatorRequest("any", 1)})
    finally:
        await client.close()


async def answers(client: AIOKafkaClient, questions: dict[str, Any]) -> dict[str, int]:
    """Kafka's error code for each; 0 is none."""
    return {name: await _answer(client, question) for name, question in questions.items()}


async def _answer(client: AIOKafkaClient, question: Any) -> int:  # noqa: ANN401 - aiokafka's
    while True:
        response = await client.send(client.get_random_node(), question)
        code = max(_codes(response.SCHEMA, response), key=abs)
        if code not in _NOT_YET:
            return code
        await asyncio.sleep(0.05)


def _codes(schema: Schema, answer: Any) -> Iterator[int]:  # noqa: ANN401 - whatever Kafka says
    for at, (name, kind) in enumerate(zip(schema.names, schema.fields, strict=True)):
        value = answer.get_item(name) if isinstance(answer, Struct) else answer[at]
        if name == "error_code":
            yield value
        elif isinstance(kind, Array) and isinstance(kind.array_of, Schema):
            for each in value or ():
                yield from _codes(kind.array_of, each)
