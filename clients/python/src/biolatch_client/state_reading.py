"""Reading the compacted topic from its start to its end, and then along with it.

Owns what each partition says: a tombstone speaks for its own partition only, because a device whose
partition changes gets a state in the new one and a tombstone in the old one, in whatever order they
are read. Owns, too, what is known about being at the end: a fetch that a broker has answered, and
whose records are all taken, says that this partition was read up to its last committed record at
that moment. A quiet topic answers twice a second; a broker that is away does not.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
import time
from collections import ChainMap
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from biolatch_client.device_view import Devices, DeviceState, take
from biolatch_client.kafka import KafkaConnection, kafka_failures, missing_topic
from biolatch_client.reaching import reaching

_POLL_S_MAX: Final = 0.25
_FETCH_WAIT_S_MAX: Final = 0.5
"""How long a broker holds a fetch for which it has nothing."""
_POLL_RECORDS_MAX: Final = 1000
"""Taken at once: some 10 ms, in which nothing else of this loop runs."""
_NO_FETCH: Final = -1


class _Place:
    """How far one partition has been read.

    Attributes:
        fetch: names the last answered fetch that was seen.
        answered_at: not later than that answer, by the monotonic clock.
        known_at: when it was last known to be read to its end.
    """

    __slots__ = ("answered_at", "fetch", "known_at")

    def __init__(self) -> None:
        self.fetch: int | None = _NO_FETCH
        self.answered_at = 0.0
        self.known_at: float | None = None


class StateReading:
    """One reading of the topic; an asynchronous context manager.

    Attributes:
        devices: what was read so far.
    """

    def __init__(self, connection: KafkaConnection, topic: str) -> None:
        """Prepare; nothing is connected yet."""
        self._connection: Final = connection
        self._topic: Final = topic
        self._by_partition: Final[ChainMap[str, DeviceState | None]] = ChainMap()
        self.devices: Final[Devices] = self._by_partition
        self._consumer: Any = None
        self._places: dict[TopicPartition, _Place] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._looked_at = 0.0

    async def __aenter__(self) -> Self:
        """Connect and go to the start of every partition.

        Raises:
            KafkaUnavailable: no broker answers.
            KafkaRefused: the broker refuses, or has no such topic.
        """
        connection = self._connection
        async with reaching(connection):
            self._consumer = AIOKafkaConsumer(
                **connection.client_options(),
                enable_auto_commit=False,
                isolation_level="read_committed",
                # What compaction or retention takes away under the reader ends this reading.
                auto_offset_reset="none",
                # Well below the request timeout: a held fetch must not look like a lost one.
                fetch_max_wait_ms=int(
                    min(_FETCH_WAIT_S_MAX, connection.request_timeout_s / 2) * 1000
                ),
            )
            try:
                async with asyncio.timeout(2 * connection.request_timeout_s):
                    await self._consumer.start()
                    await self._begin()
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

    async def advance(self) -> float | None:
        """Take what is there, waiting a little for it.

        Returns:
            When everything was last known to be read to its end, by the monotonic clock; None
            until all is read that was there at the start.

        Raises:
            KafkaUnavailable, KafkaRefused: this reading has come to an end.
        """
        with kafka_failures(self._connection.bootstrap_servers):
            batches = await self._consumer.getmany(
                timeout_ms=int(_POLL_S_MAX * 1000), max_records=_POLL_RECORDS_MAX
            )
            for partition, records in batches.items():
                said = self._by_partition.maps[partition.partition]
                for record in records:
                    take(said, record.key, record.value)
            if batches:
                await asyncio.sleep(0)  # while there is much to read, others run too
            return await self._known_at()

    async def _begin(self) -> None:
        # All topics are asked for: asking for one by name could create it.
        cluster = await self._consumer._client.fetch_all_metadata()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        numbers = cluster.partitions_for_topic(self._topic)
        if not numbers:
            raise missing_topic(self._connection.bootstrap_servers, self._topic)
        partitions = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        self._by_partition.maps[:] = [{} for _ in partitions]
        self._consumer.assign(partitions)
        starts = await self._consumer.beginning_offsets(partitions)
        self._ends = await self._consumer.end_offsets(partitions)
        for partition in partitions:
            self._consumer.seek(partition, starts[partition])
            self._places[partition] = _Place()
        self._looked_at = time.monotonic()

    async def _known_at(self) -> float | None:
        looked_before, self._looked_at = self._looked_at, time.monotonic()
        for partition, place in self._places.items():
            fetch: int | None = self._consumer.last_poll_timestamp(partition)
            if fetch is None:
                continue
            if fetch != place.fetch:
                # It was answered between the last look and this one: suppose the earliest.
                place.fetch, place.answered_at = fetch, looked_before
            position: int = await self._consumer.position(partition)
            committed: int | None = self._consumer.last_stable_offset(partition)
            end = self._ends[partition]
            if position >= end and committed is not None and position >= committed:
                place.known_at = place.answered_at
        known = [place.known_at for place in self._places.values()]
        return None if None in known else min(each for each in known if each is not None)
