"""What others may do to a lane's input and to its group, while a worker runs and while none does.

Judged by the count that every verdict carries: `offset:how often its key was seen`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import DeleteGroupsRequest

from agents.lane.port import Partition
from agents.setting_groups import MembershipSettings
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_logs import known
from tests.kafka.lane_world import WAIT_S, World, until


@pytest.fixture
async def world(kafka: LocalKafka) -> World:
    return await World(kafka.bootstrap_servers).create()


@asynccontextmanager
async def admin_of(world: World) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def make_anew(world: World) -> None:
    """Delete the input and create it again, empty."""
    async with admin_of(world) as admin, asyncio.timeout(WAIT_S):
        await admin.delete_topics([world.input])
        while True:
            try:
                answer = await admin.create_topics([NewTopic(world.input, 2, 1)])
            except KafkaError:
                await asyncio.sleep(0.05)
            else:
                if not answer.topic_errors[0][1]:
                    break
        await known(admin, [world.input])


async def grow(world: World, count: int) -> None:
    async with admin_of(world) as admin, asyncio.timeout(WAIT_S):
        for topic in (world.input, world.output, world.changelog):
            await admin.create_partitions({topic: NewPartitions(count)})
            while len((await admin.describe_topics([topic]))[0]["partitions"]) < count:  # noqa: ASYNC110 - a broker tells when asked
                await asyncio.sleep(0.01)


async def test_input_that_is_made_anew_under_a_worker_is_not_served(world: World) -> None:
    membership = MembershipSettings(metadata_age_s_max=0.2)
    world.settings = world.settings.model_copy(update={"membership": membership})
    zero = Partition(world.input, 0)
    async with world.worker() as worker:
        await world.publish(b"a", b"a", b"a")
        await world.verdicts(3)
        await make_anew(world)
        await until(lambda: zero in worker.status.parked)
        assert "behind the input's end 0" in worker.status.parked[zero]
        await world.publish(b"a")
        assert zero in worker.status.parked
    assert await world.verdicts(3) == [b"0:1", b"1:2", b"2:3"]


async def test_input_that_is_made_anew_between_workers_is_not_served(world: World) -> None:
    zero = Partition(world.input, 0)
    async with world.worker():
        await world.publish(b"a", b"a")
        await world.verdicts(2)
    await make_anew(world)
    await world.publish(b"a")
    async with world.worker() as worker:
        await until(lambda: zero in worker.status.parked)
        assert "the input was truncated or made anew" in worker.status.parked[zero]
    assert await world.verdicts(2) == [b"0:1", b"1:2"]


async def test_input_that_is_deleted_under_a_worker_before_it_is_read_parks_the_partition(
    world: World,
) -> None:
    zero = Partition(world.input, 0)
    async with world.worker() as worker:
        await world.publish(b"a")
        await world.verdicts(1)
        # In a transaction that is open: there, and not to be read yet.
        async with AIOKafkaProducer(
            bootstrap_servers=world.servers, transactional_id=f"{world.name}-publisher"
        ) as producer:
            await producer.begin_transaction()
            for _ in range(3):
                await producer.send_and_wait(world.input, b"", key=b"a", partition=0)
            async with admin_of(world) as admin:
                address = TopicPartition(world.input, 0)
                await admin.delete_records({address: RecordsToDelete(before_offset=3)})
            await producer.commit_transaction()
        await until(lambda: zero in worker.status.parked)
        assert "before the input's first offset 3" in worker.status.parked[zero]
        await world.publish(b"b", number=1)
        assert await world.verdicts(1, number=1) == [b"0:1"]
    assert await world.verdicts(1) == [b"0:1"]


async def test_input_that_grows_under_a_worker_is_not_served_with_the_old_rows(
    world: World,
) -> None:
    async with world.worker() as first:
        await world.publish(b"a")
        await world.publish(b"b", number=1)
        await world.verdicts(1)
        await world.verdicts(1, number=1)
        await grow(world, 4)
        await world.publish(b"a", number=2)  # the key's row is elsewhere
        # Whoever joins makes the group deal the partitions out anew.
        async with world.worker() as second:
            await until(lambda: len(first.status.parked) + len(second.status.parked) == 4)
            for reason in (*first.status.parked.values(), *second.status.parked.values()):
                assert "4 partitions and the rows were made with 2" in reason


async def test_what_publishers_abort_is_not_decided(world: World) -> None:
    async with (
        world.worker() as worker,
        AIOKafkaProducer(
            bootstrap_servers=world.servers, transactional_id=f"{world.name}-publisher"
        ) as producer,
    ):
        for ends_well in (False, True, False, False, True, False):
            await producer.begin_transaction()
            for _ in range(15):  # more than a batch takes
                await producer.send(world.input, b"", key=b"a", partition=0)
            await world.publish(b"b")  # between others' records, whose end is not known
            if ends_well:
                await producer.commit_transaction()
            else:
                await producer.abort_transaction()
        values = await world.verdicts(2 * 15 + 6)
        counts = [int(value.partition(b":")[2]) for value in values]
        assert sorted(counts) == sorted([*range(1, 31), *range(1, 7)])
        zero = worker.status.lane(Partition(world.input, 0))
        # The last transaction's marker is the end: nothing keeps waiting behind what was aborted.
        await until(lambda: zero.position == 6 * (15 + 1 + 1))


async def test_offsets_that_the_group_has_lost_decide_nothing(
    world: World,
) -> None:
    async with world.worker():
        await world.publish(b"a", b"a")
        await world.verdicts(2)
    async with admin_of(world) as admin:
        group = world.settings.application.group
        coordinator = await admin.find_coordinator(group)
        request = DeleteGroupsRequest([group])
        answer = await admin._send_request(request, coordinator)  # noqa: SLF001 - no public way
        assert answer.results == [(group, 0)]
    await world.publish(b"a")
    async with world.worker():
        assert await world.verdicts(3) == [b"0:1", b"1:2", b"2:3"]
