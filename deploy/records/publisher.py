"""Publishing keyed records through aiokafka: idempotent, acknowledged by all, in batches.

aiokafka sends a batch again, with the sequence number it had, until it is acknowledged; the broker
drops what it has already. So a repeat can neither double nor reorder records, for as long as one
producer lives.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# aiokafka has no type information.

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from agents.lane.kafka.client import start_client
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures, missing_topic, unreachable
from deploy.records.partitioner import partition_of

_CLIENT_ID: Final = "biolatch-publisher"
_OPEN_TIMEOUTS: Final = 2
"""What opening may take, in request timeouts: aiokafka itself would ask on and on."""
_BATCH_BYTES_MAX: Final = 512 * 1024
"""Of one batch before compression: half of what a topic takes after it."""
_TELL_EVERY_S: Final = 1.0
_CANCELLED_WAIT_S_MAX: Final = 2.0
"""Whoever interrupts still wants to know what was acknowledged."""

Header: TypeAlias = tuple[str, bytes]


class KeyedRecord(NamedTuple):
    """A record to publish."""

    key: bytes
    value: bytes
    headers: Sequence[Header]


class _Batch(NamedTuple):
    """Records of one partition, encoded, and their places in what was to be published."""

    partition: int
    builder: Any
    places: list[int]


Acknowledged: TypeAlias = Callable[[Sequence[int]], None]
"""Told the places of the records that every replica in sync now holds."""

Waiting: TypeAlias = Callable[[float], None]
"""Told, about once a second, for how many seconds nothing has been acknowledged."""


class RecordPublisher:
    """An open producer for one topic; use it as an asynchronous context manager."""

    def __init__(self, connection: Connection, topic: str) -> None:
        """Prepare; nothing is connected yet."""
        self._connection = connection
        self._bootstrap_servers = connection.bootstrap_servers
        self._request_timeout_s = connection.request_timeout_s
        self._topic = topic
        self._partition_count = 0
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            TransientFailure: no broker answers.
            Misconfigured: the broker refuses, or has no such topic.
        """
        with kafka_failures(self._bootstrap_servers):
            # It takes the running loop, so it is made here and not before.
            self._producer = AIOKafkaProducer(
                **self._connection.client(_CLIENT_ID),
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES_MAX,
                compression_type="lz4",
            )
            try:
                async with asyncio.timeout(_OPEN_TIMEOUTS * self._request_timeout_s):
                    await start_client(self._producer, self._connection)
                    # All topics are asked for: asking for one by name would create it on a
                    # cluster that creates topics by itself.
                    cluster = await self._producer.client.fetch_all_metadata()
            except BaseException:
                await self._tear_down()
                raise
        partitions = cluster.partitions_for_topic(self._topic)
        if not partitions:
            await self._tear_down()
            raise missing_topic(self._bootstrap_servers, self._topic)
        self._partition_count = len(partitions)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect; what is not acknowledged by now is given up."""
        await self._tear_down()

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,
    ) -> None:
        """Write records, each to its key's partition, and return when all are acknowledged.

        Records of one key are stored in their order. A broker that fails is asked again all the
        while. After an error this publisher is of no more use: a record that was not acknowledged
        may or may not be stored.

        Args:
            records: what to publish.
            wait_s_max: how long to go on while nothing is acknowledged.
            on_acknowledged: told of every batch.
            on_waiting: told while nothing is acknowledged.

        Raises:
            TransientFailure: nothing was acknowledged for so long.
            Misconfigured: the broker refuses a record.
        """
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        with kafka_failures(self._bootstrap_servers):
            for batches in self._rounds(records):
                sending = {await self._sent(batch): batch.places for batch in batches}
                try:
                    while sending:
                        await asyncio.wait(
                            sending, timeout=_TELL_EVERY_S, return_when=asyncio.FIRST_COMPLETED
                        )
                        if _settle(sending, on_acknowledged):
                            heard_at = loop.time()
                        silence_s = loop.time() - heard_at
                        if silence_s > wait_s_max:
                            raise unreachable(self._bootstrap_servers)
                        if silence_s >= _TELL_EVERY_S:
                            on_waiting(silence_s)
                except asyncio.CancelledError:
                    await asyncio.wait(sending, timeout=_CANCELLED_WAIT_S_MAX)
                    _settle(sending, on_acknowledged)
                    raise

    def _rounds(self, records: Sequence[KeyedRecord]) -> Iterator[list[_Batch]]:
        """The records as batches, at most one of each partition in a round, in their order."""
        rest = list(enumerate(records))
        while rest:
            batches: dict[int, _Batch] = {}
            full: set[int] = set()
            later: list[tuple[int, KeyedRecord]] = []
            for place, record in rest:
                partition = partition_of(record.key, self._partition_count)
                if partition not in batches:
                    batches[partition] = _Batch(partition, self._producer.create_batch(), [])
                if partition in full or not _append(batches[partition], record, place):
                    full.add(partition)
                    later.append((place, record))
            yield list(batches.values())
            rest = later

    async def _sent(self, batch: _Batch) -> asyncio.Future[Any]:
        batch.builder.close()
        future: asyncio.Future[Any] = await self._producer.send_batch(
            batch.builder, self._topic, partition=batch.partition
        )
        # Marked as seen: what is given up at the end is awaited by nobody.
        future.add_done_callback(_see)
        return future

    async def _tear_down(self) -> None:
        """Stop at once: aiokafka's own way would wait for a broker that is gone, for ever."""
        producer = self._producer
        sender_task: asyncio.Task[None] | None = producer._sender.sender_task  # noqa: SLF001
        producer._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001
        with suppress(Exception):
            await producer.client.close()
        while sender_task is not None and not sender_task.done():
            # Cancelled once, it still awaits its requests, which retry; each cancel ends one.
            sender_task.cancel()
            await asyncio.wait({sender_task}, timeout=0.05)
        with suppress(Exception):
            await producer.stop()


def _append(batch: _Batch, record: KeyedRecord, place: int) -> bool:
    """Put a record into the batch, if it still has room."""
    # The broker dates records itself (LogAppendTime) and overwrites this.
    now_ms = int(time.time() * 1000)
    appended = batch.builder.append(
        timestamp=now_ms, key=record.key, value=record.value, headers=list(record.headers)
    )
    if appended is None:
        return False
    batch.places.append(place)
    return True


def _settle(sending: dict[asyncio.Future[Any], list[int]], on_acknowledged: Acknowledged) -> bool:
    """Tell of what was acknowledged since; whether there was any. Raises what Kafka refused."""
    done = [future for future in sending if future.done()]
    for future in done:
        places = sending.pop(future)
        if future.exception() is None:
            on_acknowledged(places)
        else:
            sending[future] = places
    for future in done:
        future.result()
    return bool(done)


def _see(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
