"""Whole delivering workers inside the test's process: Faust, delivery lanes, Apache Kafka."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import CommitFailedError

from agents.delivery.limits import DeliveryLimits
from agents.delivery.port import Courier
from agents.delivery_worker import DeliveryAgent, DeliveryWorker
from agents.kafka_settings import KafkaSettings
from agents.lane.kafka.client import KafkaOptions
from agents.lane.port import Partition
from agents.setting_groups import ApplicationSettings
from agents.settings import Settings
from deploy.kafka.local import LocalKafka
from events.errors import Misconfigured
from tests.kafka.lane_logs import create_topics
from tests.kafka.lane_world import WAIT_S, until
from tests.unit.delivery_rig import Outside


class World:
    """A topic of its own with two partitions, and workers that deliver it to one outside."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.name = f"delivery-{uuid.uuid4().hex[:12]}"
        self.outside = Outside()
        self.outside.took_s = 0.0
        self.settings = Settings(
            kafka=KafkaSettings(bootstrap_servers=servers),
            application=ApplicationSettings(name=self.name),
        )

    @asynccontextmanager
    async def _courier(self, _options: KafkaOptions) -> AsyncGenerator[Courier]:
        yield self.outside

    def new_worker(self) -> DeliveryWorker:
        agent = DeliveryAgent(
            name="outside",
            input=self.name,
            outputs=(),
            # Commits come only when a partition leaves or the worker stops.
            limits=DeliveryLimits(commit_interval_s=3600, rest_s_max=1),
            courier=self._courier,
        )
        return DeliveryWorker(self.settings, agent)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[DeliveryWorker]:
        worker = self.new_worker()
        stop = asyncio.Event()
        running = asyncio.ensure_future(worker.run(stop))
        try:
            yield worker
            assert not running.done(), running.result()
        finally:
            stop.set()
            async with asyncio.timeout(WAIT_S):
                await running

    async def publish(self, *keys: bytes, number: int = 0, value: bytes = b"") -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.servers) as producer:
            for key in keys:
                await producer.send_and_wait(self.name, value, key=key, partition=number)

    async def move(self, offset: int) -> None:
        """Move the group's offset in partition 0, as Kafka's own tool does: without a member."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.servers,
            group_id=f"{self.name}-outside",
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            address = TopicPartition(self.name, 0)
            consumer.assign([address])
            await consumer.commit({address: offset})
        finally:
            await consumer.stop()

    async def committed(self) -> dict[int, int]:
        """The group's offsets, as any lag tool sees them."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(f"{self.name}-outside")
            return {each.partition: at.offset for each, at in found.items()}
        finally:
            await admin.close()


@pytest.fixture
async def world(kafka: LocalKafka) -> World:
    world = World(kafka.bootstrap_servers)
    await create_topics(world.servers, world.name, f"{world.name}-changelog", count=2)
    return world


async def test_a_restart_repeats_nothing_and_goes_on_where_the_group_is(world: World) -> None:
    await world.publish(b"a", b"b", b"a")
    await world.publish(b"c", number=1)
    async with world.worker() as worker:
        await until(lambda: len(world.outside.arrived) == 4)
        assert worker.status.ready
    assert await world.committed() == {0: 3, 1: 1}
    await world.publish(b"a")
    async with world.worker():
        await until(lambda: len(world.outside.arrived) == 5)
    assert world.outside.offsets(key=b"a") == [0, 2, 3]
    assert await world.committed() == {0: 4, 1: 1}


@pytest.mark.drill
async def test_partitions_move_to_a_second_worker_and_back_without_a_repeat(world: World) -> None:
    async with world.worker() as first:
        await until(lambda: first.status.ready)
        await world.publish(b"a", b"b")
        await world.publish(b"c", number=1)
        await until(lambda: len(world.outside.arrived) == 3)
        async with world.worker() as second:
            await until(lambda: second.status.ready and len(second.status.assigned) == 1)
            await until(lambda: first.status.ready and len(first.status.assigned) == 1)
            await world.publish(b"a")
            await world.publish(b"c", number=1)
            await until(lambda: len(world.outside.arrived) == 5)
        await until(lambda: len(first.status.assigned) == 2 and first.status.ready)
        await world.publish(b"a")
        await world.publish(b"c", number=1)
        await until(lambda: len(world.outside.arrived) == 7)
    assert world.outside.offsets(key=b"a") == [0, 2, 3]
    assert world.outside.offsets(key=b"c") == [0, 1, 2]
    assert await world.committed() == {0: 4, 1: 3}


async def test_a_key_that_is_stuck_holds_back_what_the_group_sees(world: World) -> None:
    world.outside.answer = lambda _, record: 60.0 if record.key == b"stuck" else None
    await world.publish(b"a", b"stuck", b"a")
    async with world.worker():
        await until(lambda: world.outside.offsets() == [0, 2])
    assert (await world.committed())[0] == 1
    world.outside.answer = lambda _destination, _record: None
    async with world.worker():
        await until(lambda: world.outside.offsets(key=b"stuck") == [1])
    assert world.outside.offsets(key=b"a") == [0, 2, 2]


async def test_a_record_that_parks_is_passed_over_by_moving_the_group(world: World) -> None:
    """As docs/runbooks/partition-parked.md says."""
    await world.publish(b"a")
    await world.publish(b"a", value=b"defect")
    await world.publish(b"a")
    async with world.worker() as worker:
        zero = Partition(world.name, 0)
        await until(lambda: "at offset 1 is not" in worker.status.parked.get(zero, ""))
        await until(lambda: world.outside.offsets() == [0])
        with pytest.raises(CommitFailedError):
            await world.move(2)
    assert (await world.committed())[0] == 1
    await world.move(2)
    async with world.worker() as worker:
        await until(lambda: world.outside.offsets() == [0, 2])
        assert worker.status.parked == {}
    assert (await world.committed())[0] == 3


async def test_what_retention_took_is_passed_while_the_worker_reads_on(world: World) -> None:
    async with world.worker():
        await world.publish(b"a")
        await until(lambda: world.outside.offsets() == [0])
    await world.publish(b"a", b"a", b"a")
    admin = AIOKafkaAdminClient(bootstrap_servers=world.servers)
    await admin.start()
    await admin.delete_records({TopicPartition(world.name, 0): RecordsToDelete(before_offset=3)})
    await admin.close()
    async with world.worker() as worker:
        await until(lambda: world.outside.offsets() == [0, 3])
        assert worker.status.parked == {}
        assert Partition(world.name, 0) in worker.status.assigned


async def test_a_missing_topic_stops_a_worker_before_it_begins(kafka: LocalKafka) -> None:
    with pytest.raises(Misconfigured, match="biolatch topics apply"):
        await World(kafka.bootstrap_servers).new_worker().run(asyncio.Event())
