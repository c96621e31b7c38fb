"""Who is in a consumer group, as the cluster's coordinator has it."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information; everything from it is turned into our own types here.

from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

from agents.lane.kafka.client import start_client
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID: Final = "biolatch-groups"


class Member(NamedTuple):
    """One member.

    Attributes:
        member_id: made up by the coordinator for each stay in the group.
        client_id: as it calls itself.
        host: where it connects from.
        partitions: what it serves, of every topic.
    """

    member_id: str
    client_id: str
    host: str
    partitions: tuple[Partition, ...]


class GroupState(NamedTuple):
    """A group.

    Attributes:
        state: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`.
        members: in the order of their ids.
    """

    state: str
    members: tuple[Member, ...]


async def read_group(connection: Connection, group: str) -> GroupState:
    """The group as it is now; a group that nobody has ever joined is `Dead`.

    Raises:
        TransientFailure: Kafka cannot be reached, or asks to be tried again.
        Misconfigured: Kafka refuses.
    """
    with kafka_failures(connection.bootstrap_servers):
        client: Any = AIOKafkaAdminClient(**connection.client(_CLIENT_ID))
        try:
            await start_client(client, connection)
            [answer] = await client.describe_consumer_groups([group])
        finally:
            await client.close()
        [described] = answer.to_object()["groups"]
        if described["error_code"]:
            raise for_code(described["error_code"])(group)
    members = sorted((_member(each) for each in described["members"]), key=lambda it: it.member_id)
    return GroupState(described["state"], tuple(members))


def _member(described: dict[str, Any]) -> Member:
    return Member(
        described["member_id"],
        described["client_id"],
        described["client_host"].removeprefix("/"),
        _assigned(described["member_assignment"]),
    )


def _assigned(assignment: bytes) -> tuple[Partition, ...]:
    if not assignment:  # while the group is rebalancing
        return ()
    decoded = ConsumerProtocolMemberAssignment.decode(assignment)
    return tuple(
        sorted(
            Partition(topic, number) for topic, numbers in decoded.assignment for number in numbers
        )
    )
