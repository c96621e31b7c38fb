"""What a topic holds, as any consumer reads it."""

from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.inputs import decode


class Stored(NamedTuple):
    """A record of the topic."""

    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]

    @property
    def event_id(self) -> str:
        return dict(self.headers)["ce_id"].decode()


async def stored_in(bootstrap_servers: str, topic: str) -> list[Stored]:
    """Every committed record of a topic, in order within its partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
    )
    async with consumer:
        cluster = await consumer._client.fetch_all_metadata()  # noqa: SLF001
        numbers = sorted(cluster.partitions_for_topic(topic))
        partitions = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for each, start in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(each, start)
        stored: list[Stored] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                stored += [
                    Stored(each.partition, each.offset, each.key, each.value, tuple(each.headers))
                    for each in records
                ]
        return stored


def require_readable(stored: Stored) -> None:
    """The server's own reader takes it."""
    decode(
        stored.key,
        stored.value,
        stored.headers,
        timestamp_ms=0,
        offset=stored.offset,
        unknown_fields="forbid",
    )
