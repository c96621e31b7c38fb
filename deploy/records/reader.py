"""Reading committed records through aiokafka, without a group and without writing anything."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information; everything from it is turned into our own types here.

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from agents.lane.kafka.client import start_client
from agents.lane.kafka.record_batches import replace_record_parsing
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures, missing_topic
from deploy.records.open_transactions import open_transactions
from deploy.records.topic_record import Span, TopicRecord

_CLIENT_ID: Final = "biolatch-reader"
_RETRY_PAUSE_S: Final = 0.1
_FETCH_WAIT_S_MAX: Final = 0.1
"""How long the broker holds a fetch for which it has nothing."""
_FETCH_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of all partitions in one fetch: small enough for a slow line within the request timeout."""
_POLL_RECORDS_MAX: Final = 5_000
"""How many records are parsed at once: some 50 ms, in which nothing else runs."""
_NO_OFFSET: Final = -1


class Polled(NamedTuple):
    """What a poll brought of one partition, and where its next poll starts."""

    records: list[TopicRecord]
    position: int


class TopicReader:
    """An open connection for reading; use it as an asynchronous context manager.

    Every method raises TransientFailure when the cluster cannot be reached or asks to be tried
    again, and Misconfigured when it refuses.
    """

    def __init__(self, connection: Connection, *, uncommitted: bool = False) -> None:
        """Prepare; nothing is connected yet.

        Args:
            connection: where, and how patiently.
            uncommitted: read what no transaction has committed, too, and what was aborted.
        """
        replace_record_parsing()
        self.bootstrap_servers: Final = connection.bootstrap_servers
        self._connection = connection
        self._request_timeout_s = connection.request_timeout_s
        self._isolation: Final = "read_uncommitted" if uncommitted else "read_committed"
        self._consumer: Any = None
        self._admin: Any = None

    async def __aenter__(self) -> Self:
        """Connect."""
        client = self._connection.client(_CLIENT_ID)
        with kafka_failures(self.bootstrap_servers):
            # Both take the running loop, so they are made here and not before.
            self._admin = AIOKafkaAdminClient(**client)
            self._consumer = AIOKafkaConsumer(
                **client,
                enable_auto_commit=False,
                isolation_level=self._isolation,
                # Records may leave a topic by age while they are read: then the oldest is next.
                auto_offset_reset="earliest",
                fetch_max_wait_ms=int(_FETCH_WAIT_S_MAX * 1000),
                fetch_max_bytes=_FETCH_BYTES_MAX,
            )
            try:
                await start_client(self._admin, self._connection)
                await start_client(self._consumer, self._connection)
            except BaseException:
                await self._disconnect()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._disconnect()

    async def _disconnect(self) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def partitions(self, topic: str) -> list[Partition]:
        """Every partition of a topic.

        Raises:
            Misconfigured: there is no such topic; the message says how to create it.
        """
        with kafka_failures(self.bootstrap_servers):
            # All topics are asked for: asking for one by name would create it on a cluster that
            # creates topics by itself.
            described: list[dict[str, Any]] = await self._admin.describe_topics()
        for entry in described:
            if entry["topic"] == topic and entry["partitions"]:
                return [Partition(topic, number) for number in range(len(entry["partitions"]))]
        raise missing_topic(self.bootstrap_servers, topic)

    async def spans(self, partitions: Iterable[Partition]) -> dict[Partition, Span]:
        """What each partition holds now, up to its last stable offset.

        Whatever an open transaction has written, and all that stands behind it, is not counted.
        """
        addresses = [TopicPartition(*partition) for partition in partitions]
        with kafka_failures(self.bootstrap_servers):
            starts = await self._consumer.beginning_offsets(addresses)
            ends = await self._consumer.end_offsets(addresses)
        return {Partition(*each): Span(starts[each], ends[each]) for each in addresses}

    async def since(
        self, spans: Mapping[Partition, Span], instant_ms: int | None
    ) -> dict[Partition, Span]:
        """What of the spans is not older than the instant; all of it where there is none."""
        if instant_ms is None:
            return dict(spans)
        addresses = {TopicPartition(*partition): instant_ms for partition in spans}
        with kafka_failures(self.bootstrap_servers):
            found = await self._consumer.offsets_for_times(addresses)
        return {
            partition: Span(
                # Nothing is found in a partition whose records are all older.
                span.end if (at := found[TopicPartition(*partition)]) is None else at.offset,
                span.end,
            )
            for partition, span in spans.items()
        }

    async def open_transactions(
        self, partitions: Iterable[Partition]
    ) -> dict[Partition, tuple[int, ...]]:
        """Where the transactions begin that are open; without partitions that may not be read."""
        with kafka_failures(self.bootstrap_servers):
            return await open_transactions(self._admin, partitions)

    async def committed(
        self, group: str, partitions: Iterable[Partition]
    ) -> dict[Partition, int | None]:
        """The offset that a group has committed in each partition; None where it has none."""
        addresses = [TopicPartition(*partition) for partition in partitions]
        with kafka_failures(self.bootstrap_servers):
            found = await self._group_offsets(group, addresses)
        offsets = {Partition(*each): at.offset for each, at in found.items()}
        return {
            Partition(*each): None
            if offsets.get(Partition(*each), _NO_OFFSET) == _NO_OFFSET
            else offsets[Partition(*each)]
            for each in addresses
        }

    async def _group_offsets(self, group: str, addresses: Sequence[Any]) -> dict[Any, Any]:
        deadline = time.monotonic() + self._request_timeout_s
        while True:
            try:
                offsets: dict[Any, Any] = await self._admin.list_consumer_group_offsets(
                    group, partitions=addresses
                )
            except KafkaError as error:
                # On a new cluster the first question makes Kafka create its own group topic.
                if not error.retriable or time.monotonic() > deadline:
                    raise
            else:
                return offsets
            await asyncio.sleep(_RETRY_PAUSE_S)

    def start(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions from these offsets on, and no others."""
        addresses = {TopicPartition(*each): offset for each, offset in positions.items()}
        self._consumer.assign(list(addresses))
        for address, offset in addresses.items():
            self._consumer.seek(address, offset)

    def pause(self, partition: Partition) -> None:
        """Read no more from this partition."""
        self._consumer.pause(TopicPartition(*partition))

    async def poll(
        self, partitions: Collection[Partition], *, key: bytes | None, wait_s: float
    ) -> dict[Partition, Polled]:
        """What has arrived of these partitions; waits for the first record of any of them.

        Args:
            partitions: some of those that were started.
            key: only records with this key; None for all.
            wait_s: how long to wait at most.
        """
        addresses = [TopicPartition(*partition) for partition in partitions]
        with kafka_failures(self.bootstrap_servers):
            fetched = await self._consumer.getmany(
                *addresses, timeout_ms=int(wait_s * 1000), max_records=_POLL_RECORDS_MAX
            )
            return {
                Partition(*each): Polled(
                    [
                        _record(record)
                        for record in fetched.get(each, ())
                        if key is None or record.key == key
                    ],
                    await self._consumer.position(each),
                )
                for each in addresses
            }

    async def check_alive(self) -> None:
        """Ask the cluster something, because an idle partition and a dead broker look alike."""
        with kafka_failures(self.bootstrap_servers):
            async with asyncio.timeout(self._request_timeout_s):
                await self._admin.describe_cluster()


def _record(record: Any) -> TopicRecord:  # noqa: ANN401 - aiokafka's ConsumerRecord
    return TopicRecord(
        Partition(record.topic, record.partition),
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )
