"""The verdicts and decisions of a running biolatch, as they come.

Owns which outputs answer which event: their ids begin with its place.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic_core import from_json

from biolatch_client.acknowledged import Acknowledged
from biolatch_client.kafka import KafkaConnection, kafka_failures, missing_topic
from biolatch_client.testing.recordings import Output

VERDICTS: Final = "biolatch.verdicts"
DECISIONS: Final = "biolatch.decisions"

_POLL_MS: Final = 100


class Outputs:
    """Both topics from their end on; an asynchronous context manager."""

    def __init__(self, connection: KafkaConnection) -> None:
        """Prepare; nothing is connected yet."""
        self._connection: Final = connection
        self._consumer: Any = None
        self._seen: Final[dict[str, Output]] = {}

    async def __aenter__(self) -> Self:
        """Connect and go to the end.

        Raises:
            KafkaUnavailable: no broker answers.
            KafkaRefused: the broker refuses, or has no such topic.
        """
        servers = self._connection.bootstrap_servers
        with kafka_failures(servers):
            self._consumer = AIOKafkaConsumer(
                **self._connection.client_options(),
                enable_auto_commit=False,
                isolation_level="read_committed",
            )
            await self._consumer.start()
        try:
            with kafka_failures(servers):
                await self._go_to_the_end()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._consumer.stop()

    async def answers_to(self, acknowledged: Acknowledged, *, count: int) -> list[Output]:
        """Wait for so many answers to an event: the verdict and its decisions, in order.

        More than that are returned too, if they are there.

        Raises:
            KafkaUnavailable, KafkaRefused: the topics cannot be read.
        """
        place = f"{acknowledged.topic}/{acknowledged.partition}/{acknowledged.offset}"
        while True:
            said = [
                self._seen[name]
                for name in sorted(self._seen, key=_index)
                if name.rpartition("/")[0] == place
            ]
            if len(said) >= count and f"{place}/0" in self._seen:
                return said
            await self._take()

    async def _go_to_the_end(self) -> None:
        # All topics are asked for: asking for one by name could create it.
        cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        partitions: list[TopicPartition] = []
        for topic in (VERDICTS, DECISIONS):
            numbers = cluster.partitions_for_topic(topic)
            if not numbers:
                raise missing_topic(self._connection.bootstrap_servers, topic)
            partitions += [TopicPartition(topic, number) for number in numbers]
        self._consumer.assign(partitions)
        for partition, end in (await self._consumer.end_offsets(partitions)).items():
            self._consumer.seek(partition, end)

    async def _take(self) -> None:
        with kafka_failures(self._connection.bootstrap_servers):
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
        for records in batches.values():
            for record in records:
                headers = dict(record.headers)
                output = Output(headers["ce_type"].decode(), from_json(record.value))
                self._seen[headers["ce_id"].decode()] = output


def _index(name: str) -> int:
    return int(name.rpartition("/")[2])
