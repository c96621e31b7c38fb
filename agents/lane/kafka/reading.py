"""Reading a partition as others see it: committed records only, from an offset on.

Owns the consumers that read rows, and single records for an operator. Must never join a group.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.lane.kafka.client import KafkaOptions, log_failures, start_client, stop_consumer
from agents.lane.port import InputRecord, Partition

_WAIT_MS = 50
"""How long a read waits for data that is not there: markers bring no record."""

_RECORDS_MAX = 5_000
"""How many records are parsed at once: some 15 ms, in which nothing else runs."""

_BYTES_MAX = 8 * 1024 * 1024
"""How much is fetched at once."""


class CommittedReader:
    """Reads one partition from an offset towards its end."""

    def __init__(self, consumer: Any, address: TopicPartition) -> None:  # noqa: ANN401 - untyped
        """Use a started consumer that the partition is assigned to."""
        self._consumer = consumer
        self._address = address

    async def position(self) -> int:
        """Return the offset that is read next; it moves over what no reader sees, too."""
        position: int = await self._consumer.position(self._address)
        return position

    async def read(self) -> Sequence[InputRecord]:
        """Return what is there now, which may be nothing."""
        fetched = await self._consumer.getmany(
            self._address, timeout_ms=_WAIT_MS, max_records=_RECORDS_MAX
        )
        records: Sequence[InputRecord] = fetched.get(self._address, ())
        return records


@asynccontextmanager
async def committed_reader(
    options: KafkaOptions, partition: Partition, offset: int
) -> AsyncGenerator[CommittedReader]:
    """Read a partition from an offset on.

    Raises:
        LogFailure: it could not be read, at any time within.
    """
    address = TopicPartition(*partition)
    consumer: Any = AIOKafkaConsumer(
        **options.client(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        fetch_max_wait_ms=_WAIT_MS,
        fetch_max_bytes=_BYTES_MAX,
        max_partition_fetch_bytes=_BYTES_MAX,
    )
    consumer.assign([address])
    try:
        with log_failures(f"cannot read {partition}"):
            await start_client(consumer, options)
            consumer.seek(address, offset)
            yield CommittedReader(consumer, address)
    finally:
        await stop_consumer(consumer)
