"""Whole workers inside the test's process, on topics of their own: Faust, lanes, Apache Kafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.app import Worker, WorkerTopics
from agents.kafka_settings import KafkaSettings
from agents.setting_groups import ApplicationSettings, LaneSettings
from agents.settings import Settings
from tests.kafka.lane_logs import create_topics
from tests.unit.lane_rig import Counting

WAIT_S = 30.0


class World:
    """Topics of its own, with two partitions each, and workers on them."""

    def __init__(self, servers: str, *, handler: Counting | None = None) -> None:
        self.servers = servers
        self.name = f"host-{uuid.uuid4().hex[:12]}"
        self.input = f"{self.name}-in"
        self.output = f"{self.name}-out"
        self.changelog = f"{self.name}-changelog"
        self.handler = handler or Counting(output=self.output)
        self.topics = WorkerTopics(
            input=self.input, changelog=self.changelog, outputs=(self.output,)
        )
        self.settings = Settings(
            kafka=KafkaSettings(bootstrap_servers=servers),
            application=ApplicationSettings(name=self.name),
            lane=LaneSettings(parked_check_s=0.1, batch_records_max=10),
        )

    async def create(self) -> "World":
        await create_topics(self.servers, self.input, self.output, self.changelog, count=2)
        return self

    @asynccontextmanager
    async def worker(self, instance_id: str | None = None) -> AsyncIterator[Worker]:
        membership = self.settings.membership.model_copy(update={"instance_id": instance_id})
        settings = self.settings.model_copy(update={"membership": membership})
        worker = Worker(settings, self.handler, self.topics)
        stop = asyncio.Event()
        running = asyncio.ensure_future(worker.run(stop))
        try:
            yield worker
            assert not running.done(), running.result()
        finally:
            stop.set()
            async with asyncio.timeout(WAIT_S):
                await running

    async def publish(self, *keys: bytes, number: int = 0) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            for key in keys:
                await producer.send_and_wait(self.input, b"", key=key, partition=number)

    async def verdicts(self, count: int, number: int = 0) -> list[bytes]:
        """Wait for so many committed verdicts, and for none more."""
        address = TopicPartition(self.output, number)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        consumer.assign([address])
        await consumer.start()
        values: list[bytes] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while len(values) < count:
                    fetched = await consumer.getmany(address, timeout_ms=50)
                    values += [record.value for record in fetched.get(address, ())]
        finally:
            await consumer.stop()
        return values


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 (the worker's status is no awaitable)
            await asyncio.sleep(0.01)
