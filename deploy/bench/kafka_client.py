"""What the benchmark needs of aiokafka: batches sent one by one, and topics that go away.

aiokafka ships no types; this file and the bare reader are the only ones here that import it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.records.kafka_failures import kafka_failures
from deploy.records.publisher import KeyedRecord
from events.errors import InvariantBroken

_CLIENT_ID = "biolatch-bench"
_BATCH_BYTES_MAX = 512 * 1024


class BatchProducer:
    """An idempotent producer for one topic; use it as an asynchronous context manager."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        """Prepare a producer at these servers (`host:port`, several with commas)."""
        self._bootstrap_servers = bootstrap_servers
        self._topic = topic
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        """Connect."""
        with kafka_failures(self._bootstrap_servers):
            # It takes the running loop, so it is made here and not before.
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers,
                client_id=_CLIENT_ID,
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES_MAX,
                # aiokafka's lz4 is the slow, high compression, which would take processor time
                # that the worker could use.
                compression_type="zstd",
            )
            await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Send what was handed over, and disconnect."""
        await self._producer.stop()

    async def publish(self, partition: int, records: Iterable[KeyedRecord]) -> None:
        """Write records to a partition as one batch, and return when Kafka has it.

        Raises:
            InvariantBroken: they do not fit into a batch.
        """
        batch = self._producer.create_batch()
        now_ms = int(time.time() * 1000)  # the broker dates records itself, and overwrites this
        for record in records:
            appended = batch.append(
                timestamp=now_ms, key=record.key, value=record.value, headers=list(record.headers)
            )
            if appended is None:
                raise InvariantBroken("bench.batch-too-large", "records do not fit into a batch")
        batch.close()
        with kafka_failures(self._bootstrap_servers):
            await (await self._producer.send_batch(batch, self._topic, partition=partition))


async def delete_topics(bootstrap_servers: str, names: Sequence[str]) -> None:
    """Delete these topics and everything in them.

    Raises:
        TransientFailure: no broker answers.
        Misconfigured: the broker refuses.
    """
    with kafka_failures(bootstrap_servers):
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, client_id=_CLIENT_ID)
        try:
            await admin.start()
            await admin.delete_topics(list(names))
        finally:
            await admin.close()


async def topic_names(bootstrap_servers: str) -> frozenset[str]:
    """The names of all topics there are.

    Raises:
        TransientFailure: no broker answers.
    """
    with kafka_failures(bootstrap_servers):
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, client_id=_CLIENT_ID)
        try:
            await admin.start()
            names: list[str] = await admin.list_topics()
        finally:
            await admin.close()
    return frozenset(names)
