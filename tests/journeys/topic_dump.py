"""Whole topics, read as a `read_committed` consumer reads them."""

import asyncio
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.auditor.records import RawRecord

READ_WAIT_S = 30.0


async def dump(
    bootstrap_servers: str,
    topics: Collection[str],
    *,
    partitions: int | Collection[int],
    isolation_level: str = "read_committed",
    wait_s: float = READ_WAIT_S,
) -> list[RawRecord]:
    """Every committed record; transactions that are being committed now are waited for.

    With `read_uncommitted`: also what aborted transactions left.

    Args:
        partitions: the first so many of each topic, or just these.
    """
    numbers = range(partitions) if isinstance(partitions, int) else partitions
    async with (
        AIOKafkaConsumer(bootstrap_servers=bootstrap_servers) as asking,
        AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            isolation_level=isolation_level,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
        ) as reading,
    ):
        addresses = [TopicPartition(topic, number) for topic in topics for number in numbers]
        # Up to the high watermark: the end for a consumer that waits for no transaction.
        ends = await asking.end_offsets(addresses)
        reading.assign(addresses)
        records: list[RawRecord] = []
        async with asyncio.timeout(wait_s):
            while any([await reading.position(each) < ends[each] for each in addresses]):
                for fetched in (await reading.getmany(timeout_ms=50)).values():
                    records += [_raw(record) for record in fetched]
        return records


def _raw(record: Any) -> RawRecord:  # noqa: ANN401 - aiokafka's ConsumerRecord
    return RawRecord(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )
