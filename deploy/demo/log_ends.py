"""Where partitions end, unfinished transactions included: what `read_committed` readers cannot ask.

Whoever has seen one record of a committed transaction, asks for these ends and reads up to them,
has seen all of it: a transaction's records were all written before it was committed, though its
partitions show them one after the other.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.lane.port import Partition
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID: Final = "biolatch-demo"


class LogEnds:
    """An open connection; use it as an asynchronous context manager."""

    def __init__(self, bootstrap_servers: str) -> None:
        """Prepare; nothing is connected yet."""
        self._bootstrap_servers: Final = bootstrap_servers
        self._consumer: Any = None

    async def __aenter__(self) -> Self:
        """Connect."""
        with kafka_failures(self._bootstrap_servers):
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap_servers,
                client_id=_CLIENT_ID,
                isolation_level="read_uncommitted",
            )
            await self._consumer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offset behind the last record of each partition, committed or not.

        Raises:
            TransientFailure: Kafka does not answer.
        """
        addresses = [TopicPartition(*partition) for partition in partitions]
        with kafka_failures(self._bootstrap_servers):
            ends = await self._consumer.end_offsets(addresses)
        return {Partition(*address): end for address, end in ends.items()}
