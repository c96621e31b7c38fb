"""What lies on a topic, read committed."""

import asyncio
import time

from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import merged
from deploy.records.topic_record import TopicRecord
from schemas.topics import DEVICE_EVENTS

_WAIT_S_MAX = 60.0


async def stored(
    connection: Connection, topic: str = DEVICE_EVENTS, device: str | None = None
) -> list[TopicRecord]:
    """Every record (of a device), in the order of the broker's time."""
    key = None if device is None else device.encode()
    async with TopicReader(connection) as reader:
        spans = await reader.spans(await reader.partitions(topic))
        return [record async for record in merged(reader, spans, key=key)]


async def stored_at_least(
    connection: Connection, count: int, topic: str = DEVICE_EVENTS, device: str | None = None
) -> list[TopicRecord]:
    """As `stored`, once there are so many."""
    deadline = time.monotonic() + _WAIT_S_MAX
    while len(records := await stored(connection, topic, device)) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} on {topic}"
        await asyncio.sleep(0.1)
    return records
