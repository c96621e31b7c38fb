"""A consumer that is a static member of its group (KIP-345), and hears when its id is another's.

A static member that comes back within the session timeout gets its partitions back, and no other
member hears of it. aiokafka joins as one, but its heartbeats do not carry the id: a member whose id
was taken over would be told that it is unknown, join anew, and take the id back, for ever in turn.
So the heartbeats of such a consumer are sent in the version that carries the id. Then the broker
says whose it is: the last one who joined with it.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false, reportPrivateUsage=false
# ruff: noqa: ANN401

from collections.abc import Callable
from typing import Any, Final

from aiokafka.protocol.api import Request, RequestStruct
from aiokafka.protocol.group import (
    HeartbeatRequest,
    HeartbeatResponse_v1,
    JoinGroupRequest,
    SyncGroupRequest,
)
from aiokafka.protocol.types import Int32, Schema, String

_FENCED_INSTANCE_ID: Final = 82
"""Kafka's code for: this id belongs to another member, who joined later. aiokafka has no name."""


class _HeartbeatResponse3(HeartbeatResponse_v1):  # type: ignore[misc]  # aiokafka's, untyped
    API_VERSION = 3


class _HeartbeatRequest3(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = _HeartbeatResponse3
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class _StaticHeartbeat(Request[_HeartbeatRequest3]):  # type: ignore[misc]  # as above
    """aiokafka's heartbeat, with the id."""

    API_KEY = 12

    def __init__(self, heartbeat: Any, instance_id: str) -> None:
        self._fields = (
            heartbeat._group,  # noqa: SLF001 - there is no public way
            heartbeat._generation_id,  # noqa: SLF001 - as above
            heartbeat._member_id,  # noqa: SLF001 - as above
            instance_id,
        )

    def build(self, request_struct_class: type[_HeartbeatRequest3]) -> _HeartbeatRequest3:
        return request_struct_class(*self._fields)


def join_as(consumer: Any, instance_id: str, taken_over: Callable[[], None]) -> None:
    """Make a consumer, which is not started yet, join its group as this static member.

    Args:
        consumer: an aiokafka consumer.
        instance_id: the member's id, which no other living process may have.
        taken_over: called in the consumer's event loop when another process has joined with the
            id; this one is a member no more. It may be called more than once.
    """
    consumer._group_instance_id = instance_id  # noqa: SLF001 - an argument of its constructor
    send = consumer._client.send  # noqa: SLF001 - there is no public way

    async def send_as_member(node_id: int, request: Any, **options: Any) -> Any:
        if isinstance(request, HeartbeatRequest):
            response = await send(node_id, _StaticHeartbeat(request, instance_id), **options)
            if response.error_code == _FENCED_INSTANCE_ID:
                taken_over()
                # The consumer is about to be stopped; what it would do first is fail, loudly.
                return _HeartbeatResponse3(throttle_time_ms=0, error_code=0)
            return response
        response = await send(node_id, request, **options)
        if (
            isinstance(request, JoinGroupRequest | SyncGroupRequest)
            and response.error_code == _FENCED_INSTANCE_ID
        ):
            taken_over()
        return response

    consumer._client.send = send_as_member  # noqa: SLF001 - as above
