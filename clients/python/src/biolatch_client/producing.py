"""One idempotent aiokafka producer for one topic, from its opening to its first failure.

aiokafka sends a batch again, with the sequence number it had, until it is acknowledged, and one
batch of a partition at a time; the broker drops what it has already. So a repeat can neither double
nor reorder records for as long as one producer lives. After a failure its sequence numbers have a
gap, which the broker would refuse for ever: then it is of no more use (`is_usable`).
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false
# aiokafka has no type information.

import asyncio
from contextlib import suppress
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from biolatch_client.kafka import KafkaConnection, missing_topic
from biolatch_client.partitioner import partition_of
from biolatch_client.reaching import reaching
from biolatch_client.records import EventRecord

_BATCH_BYTES_MAX: Final = 256 * 1024


class Producing:
    """An open producer."""

    def __init__(self, producer: Any, topic: str, partition_count: int) -> None:  # noqa: ANN401 - aiokafka's
        """Use `opened` instead."""
        self._producer: Final = producer
        self._topic: Final = topic
        self._partition_count: Final = partition_count
        self._pending: Final[set[asyncio.Future[Any]]] = set()
        self.is_usable = True

    @classmethod
    async def opened(cls, connection: KafkaConnection, topic: str, *, within_s: float) -> Self:
        """Connect.

        Raises:
            KafkaUnavailable: no broker answers.
            KafkaRefused: the broker refuses, or has no such topic.
        """
        async with reaching(connection):
            producer: Any = AIOKafkaProducer(
                **connection.client_options(),
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES_MAX,
            )
            try:
                async with asyncio.timeout(within_s):
                    await producer.start()
                    # All topics are asked for: asking for one by name would create it on a
                    # cluster that creates topics by itself.
                    cluster = await producer.client.fetch_all_metadata()
            except BaseException:
                await _stopped_at_once(producer)
                raise
        partitions = cluster.partitions_for_topic(topic)
        if not partitions:
            await _stopped_at_once(producer)
            raise missing_topic(connection.bootstrap_servers, topic)
        return cls(producer, topic, len(partitions))

    async def append(self, record: EventRecord) -> asyncio.Future[Any]:
        """Hand a record over, behind those handed over before; the future tells its fate.

        Waits for room in the partition's batch. Records of one partition are stored in the order
        in which this returned for them.
        """
        try:
            future: asyncio.Future[Any] = await self._producer.send(
                self._topic,
                record.value,
                key=record.key,
                partition=partition_of(record.key, self._partition_count),
                headers=list(record.headers),
            )
        except KafkaError:
            self.is_usable = False
            raise
        self._pending.add(future)
        future.add_done_callback(self._settle)
        return future

    async def close(self, *, settle_s_max: float) -> None:
        """Wait so long for what is pending, give up the rest, disconnect."""
        self.is_usable = False
        if self._pending:
            await asyncio.wait(self._pending, timeout=settle_s_max)
        await _stopped_at_once(self._producer)

    def _settle(self, future: asyncio.Future[Any]) -> None:
        self._pending.discard(future)
        if future.cancelled() or future.exception() is not None:
            self.is_usable = False


async def _stopped_at_once(producer: Any) -> None:  # noqa: ANN401 - aiokafka's
    """Aiokafka's own way would wait for a broker that is gone, for ever."""
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
