"""Where a benchmark runs: an Apache Kafka of its own or a given one, and topics of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from deploy.bench.kafka_client import delete_topics, topic_names
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import BrokerOptions, LocalKafka
from deploy.topic_setup import Wishes, apply
from events.errors import Misconfigured
from schemas.topics import Topology


class BenchKafka(NamedTuple):
    """Where everything runs.

    Attributes:
        bootstrap_servers: where clients connect.
        broker_pid, records: process and record folder of the broker, where it is our own.
    """

    bootstrap_servers: str
    broker_pid: int | None
    records: Path | None

    @property
    def is_foreign(self) -> bool:
        """Whether it goes on when we are done."""
        return self.records is None


@asynccontextmanager
async def bench_kafka(
    bootstrap_servers: str | None, data: Path, options: BrokerOptions | None = None
) -> AsyncGenerator[BenchKafka]:
    """A given Kafka, or one of our own for the block, with its data in that folder."""
    if bootstrap_servers is not None:
        yield BenchKafka(bootstrap_servers, None, None)
        return
    broker = LocalKafka(data, options=options or BrokerOptions())
    await broker.start()
    try:
        pid = broker.process.pid if broker.process else None
        yield BenchKafka(broker.bootstrap_servers, pid, broker.folder.records)
    finally:
        await broker.kill()  # its data goes, too, so there is nothing to put in order


@asynccontextmanager
async def own_topics(kafka: BenchKafka, topics: Topology, partitions: int) -> AsyncGenerator[None]:
    """Make all topics for the block, and on a Kafka that stays delete them afterwards.

    None may be there before: their records would be measured, and deleted.
    """
    servers = kafka.bootstrap_servers
    names = [topic.name for topic in topics.topics]
    if present := sorted(await topic_names(servers) & set(names)):
        raise Misconfigured(
            "bench.topics-in-use",
            f"the Kafka at {servers} has {', '.join(present)} already, and the benchmark "
            "needs topics of its own. Leave out --bootstrap to use a Kafka of its own, too.",
        )
    async with KafkaAdmin(servers) as admin:
        await apply(admin, topics, Wishes(partitions=partitions))
    try:
        yield
    finally:
        if kafka.is_foreign:
            await delete_topics(servers, names)
