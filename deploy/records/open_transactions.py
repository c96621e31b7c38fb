"""Which transactions are open in a partition, by Kafka's request `DescribeProducers` (KIP-664).

aiokafka does not have the request; what of its protocol is needed stands here, and nothing else.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# pyright: reportIncompatibleMethodOverride=false, reportAssignmentType=false
# aiokafka has no type information; everything from it is turned into our own types here.

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from agents.lane.port import Partition

_API_KEY: Final = 61
_TAGS: Final = ("tags", TaggedFields)


class _Answer(Response):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = _API_KEY
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString("utf-8")),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _Question(RequestStruct):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = _API_KEY
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")), ("partition_indexes", CompactArray(Int32)), _TAGS
            ),
        ),
        _TAGS,
    )


class _DescribeProducers(Request[_Question]):  # type: ignore[misc] # aiokafka is untyped
    API_KEY = _API_KEY

    def __init__(self, numbers: dict[str, list[int]]) -> None:
        tags: dict[int, bytes] = {}
        self._topics = [(topic, asked, tags) for topic, asked in numbers.items()]

    def build(self, request_struct_class: type[_Question]) -> _Question:
        return request_struct_class(self._topics, {})


async def open_transactions(
    admin: Any,  # noqa: ANN401 - aiokafka's AIOKafkaAdminClient
    partitions: Iterable[Partition],
) -> dict[Partition, tuple[int, ...]]:
    """The offsets at which the transactions begin that are open, by each partition's leader.

    A partition that cannot be told about, now or by this user, is left out.

    Raises:
        KafkaError: no answer, or a broker from before Kafka 2.8.
    """
    client = admin._client  # noqa: SLF001 - there is no public way
    client.cluster.update_metadata(await admin._get_cluster_metadata())  # noqa: SLF001 - as above
    asked: defaultdict[int, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for topic, number in partitions:
        leader = client.cluster.leader_for_partition(TopicPartition(topic, number))
        if leader not in (None, -1):
            asked[leader][topic].append(number)
    found: dict[Partition, tuple[int, ...]] = {}
    for leader, numbers in asked.items():
        answer = await admin._send_request_to_node(leader, _DescribeProducers(numbers))  # noqa: SLF001 - as above
        for topic, described, _tags in answer.topics:
            for number, code, _message, producers, _tags in described:
                if not code:
                    starts = (start for *_, start, _tags in producers)
                    found[Partition(topic, number)] = tuple(each for each in starts if each >= 0)
    return found
