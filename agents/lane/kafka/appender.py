"""Appending single records outside of any lane: idempotent, acknowledged by all replicas.

For who delivers to the outside and has to put something aside. Never used for what a lane decides:
that goes in the lane's transactions.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

import asyncio
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from agents.lane.kafka.client import KafkaOptions, log_failures, start_client
from agents.lane.log import LogFailure
from agents.lane.port import OutgoingRecord, Partition

_APPEND_REQUESTS = 3
"""How many request timeouts one record may take: it is sent again while a broker is away."""


class RecordAppender:
    """An open producer; use it as an asynchronous context manager."""

    def __init__(self, options: KafkaOptions) -> None:
        """Prepare; nothing is connected yet."""
        self._options = options
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            LogFailure: no broker can be reached, or none lets this process in.
        """
        options = self._options
        self._producer = AIOKafkaProducer(
            **options.client(),
            enable_idempotence=True,
            acks="all",
            compression_type=options.compression,
        )
        with log_failures(f"no Apache Kafka answers at {options.bootstrap_servers}"):
            try:
                await start_client(self._producer, options)
            except BaseException:
                await self._producer.stop()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect; what is not acknowledged within the time of a request is given up."""
        stopping = asyncio.ensure_future(self._producer.stop())
        await asyncio.wait({stopping}, timeout=self._options.request_timeout_s)
        stopping.cancel()

    async def append(self, partition: Partition, record: OutgoingRecord) -> None:
        """Append a record; returns when all replicas in sync hold it.

        Raises:
            LogFailure: it may or may not have been appended.
        """
        key, value, headers = record
        try:
            async with asyncio.timeout(_APPEND_REQUESTS * self._options.request_timeout_s):
                with log_failures(f"cannot append to {partition}"):
                    # A batch of one: aiokafka's `send` refuses a record with neither key nor value.
                    batch = self._producer.create_batch()
                    batch.append(timestamp=None, key=key, value=value, headers=list(headers))
                    await (
                        await self._producer.send_batch(
                            batch, partition.topic, partition=partition.number
                        )
                    )
        except TimeoutError as error:
            raise LogFailure(f"no broker has taken a record for {partition}") from error
