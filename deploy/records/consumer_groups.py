"""Consumer groups through aiokafka's administration: who they are, and where they stand."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false, reportAny=false
# aiokafka has no type information; everything from it is turned into our own types here.

from types import TracebackType
from typing import Any, NamedTuple, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import for_code
from aiokafka.protocol.commit import OffsetFetchRequest

from agents.lane.kafka.client import start_client
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID = "biolatch-groups"
_CONSUMER = "consumer"
_NO_OFFSET = -1


class Member(NamedTuple):
    """One member of a group, as the coordinator knows it."""

    host: str
    consumer_id: str
    client_id: str


class ConsumerGroups:
    """An open connection for asking; use it as an asynchronous context manager.

    Every method raises TransientFailure when the cluster cannot be reached or asks to be tried
    again, and Misconfigured when it refuses.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is connected yet."""
        self._connection = connection
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        """Connect."""
        with kafka_failures(self._connection.bootstrap_servers):
            self._admin = AIOKafkaAdminClient(**self._connection.client(_CLIENT_ID))
            try:
                await start_client(self._admin, self._connection)
            except BaseException:
                await self._admin.close()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._admin.close()

    async def cluster_id(self) -> str:
        """The cluster's own id."""
        with kafka_failures(self._connection.bootstrap_servers):
            described: dict[str, Any] = await self._admin.describe_cluster()
        return str(described["cluster_id"])

    async def partition_counts(self) -> dict[str, int]:
        """How many partitions each topic has that this user may see."""
        with kafka_failures(self._connection.bootstrap_servers):
            described: list[dict[str, Any]] = await self._admin.describe_topics()
        return {entry["topic"]: len(entry["partitions"]) for entry in described}

    async def names(self) -> list[str]:
        """The consumer groups that this user may see."""
        with kafka_failures(self._connection.bootstrap_servers):
            groups: list[tuple[str, str]] = await self._admin.list_consumer_groups()
        # A group without members has no kind any more, and offsets all the same.
        return sorted(name for name, kind, *_ in groups if kind in {_CONSUMER, ""})

    async def members(self, group: str) -> dict[Partition, Member]:
        """Who has which partition now; nobody where the group deals them out just now."""
        with kafka_failures(self._connection.bootstrap_servers):
            answers: list[Any] = await self._admin.describe_consumer_groups([group])
            described = answers[0].to_object()["groups"][0]
            if described["error_code"]:
                raise for_code(described["error_code"])(group)
        owners: dict[Partition, Member] = {}
        for each in described["members"]:
            member = Member(each["client_host"].lstrip("/"), each["member_id"], each["client_id"])
            if each["member_assignment"]:
                assigned = ConsumerProtocol.ASSIGNMENT.decode(each["member_assignment"])
                for topic, numbers in assigned.assignment:
                    owners |= {Partition(topic, number): member for number in numbers}
        return owners

    async def committed(self, group: str) -> dict[Partition, int]:
        """The offset that a group has committed in each partition where it has one.

        Asked by hand: aiokafka's own way takes a coordinator that is not one (any more) for a group
        that has never committed.
        """
        with kafka_failures(self._connection.bootstrap_servers):
            coordinator = await self._admin.find_coordinator(group)
            answer = await self._admin._send_request(  # noqa: SLF001 - there is no public way
                OffsetFetchRequest(group, None), coordinator
            )
            offsets: dict[Partition, int] = {}
            self._check(getattr(answer, "error_code", 0), group)
            for topic, partitions in answer.topics:
                for number, offset, *_metadata, code in partitions:
                    self._check(code, group)
                    if offset != _NO_OFFSET:
                        offsets[Partition(topic, number)] = offset
        return offsets

    @staticmethod
    def _check(code: int, group: str) -> None:
        if code:
            raise for_code(code)(f"group {group}")
