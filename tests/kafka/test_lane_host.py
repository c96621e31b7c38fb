"""A whole worker inside the test's process: Faust, lanes, Apache Kafka."""

import asyncio
import threading

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete

from agents.app import Worker
from agents.lane.kafka.client import KafkaLogs
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.lanes import Lanes
from agents.lane.log import FetchedBatch
from agents.lane.port import Partition
from agents.lane.skip import skip
from agents.lane.status import LaneState
from agents.setting_groups import MembershipSettings
from deploy.kafka.local import LocalKafka
from events.errors import Misconfigured, TransientFailure
from tests.kafka.lane_world import WAIT_S, World, until
from tests.unit.lane_rig import Counting, refusing


@pytest.fixture
async def world(kafka: LocalKafka) -> World:
    return await World(kafka.bootstrap_servers).create()


async def test_a_worker_serves_and_says_that_it_is_ready(world: World) -> None:
    await world.publish(b"a", b"b", b"a")
    async with world.worker() as worker:
        assert not worker.status.ready
        await until(lambda: worker.status.ready)
        await world.publish(b"a", number=1)
        assert await world.verdicts(3) == [b"0:1", b"1:1", b"2:2"]
        assert await world.verdicts(1, number=1) == [b"0:1"]
        assert worker.status.assigned == {Partition(world.input, 0), Partition(world.input, 1)}
    assert {each.state for each in worker.status.lanes.values()} == {LaneState.CLOSED}


async def test_partitions_move_to_a_second_worker_and_back(world: World) -> None:
    async with world.worker() as first:
        await until(lambda: first.status.ready)
        await world.publish(b"a")
        async with world.worker() as second:
            await until(lambda: second.status.ready and len(second.status.assigned) == 1)
            await until(lambda: first.status.ready and len(first.status.assigned) == 1)
            await world.publish(b"a")
            await world.publish(b"a", number=1)
            assert await world.verdicts(2) == [b"0:1", b"1:2"]
            [staying] = first.status.assigned
            assert first.status.lane(staying).openings == 1
        await until(lambda: len(first.status.assigned) == 2 and first.status.ready)
        await world.publish(b"a")
        assert await world.verdicts(3) == [b"0:1", b"1:2", b"2:3"]
        assert await world.verdicts(1, number=1) == [b"0:1"]
        openings = {each: first.status.lane(each).openings for each in first.status.assigned}
        assert openings == {each: 1 if each == staying else 2 for each in openings}


async def test_what_goes_with_a_failing_agent_is_fetched_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = Lanes.deliver
    failures = 1

    def fail_first(lanes: Lanes, batch: FetchedBatch) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise RuntimeError("injected in the agent")
        deliver(lanes, batch)

    monkeypatch.setattr(Lanes, "deliver", fail_first)
    async with world.worker():
        # A lone event: nothing that comes later would show the gap.
        await world.publish(b"a")
        assert await world.verdicts(1) == [b"0:1"]
    assert failures == 0


async def test_a_parked_partition_goes_on_when_its_record_is_skipped(kafka: LocalKafka) -> None:
    world = World(kafka.bootstrap_servers)
    world.handler = Counting(refusing(1), output=world.output)
    await world.create()
    await world.publish(b"a", b"bad", b"a")
    zero = Partition(world.input, 0)
    async with world.worker() as worker:
        await until(lambda: zero in worker.status.parked)
        assert not worker.status.ready
        await world.publish(b"a", number=1)
        assert await world.verdicts(1, number=1) == [b"0:1"]

        logs = KafkaLogs(worker.kafka)
        await logs.start()
        log = KafkaLaneLog(logs, zero)
        await skip(log, world.handler, zero, 1, code="operator", message="skipped")
        await logs.stop()

        assert await world.verdicts(3) == [b"0:1", b"1:operator", b"2:2"]
        await until(lambda: worker.status.ready)


async def test_input_that_is_deleted_before_it_is_read_parks_the_partition(world: World) -> None:
    async with world.worker() as worker:
        await world.publish(b"a", b"a")
        await world.verdicts(2)
    await world.publish(b"a", b"a", b"a")
    await _delete_before(world, 4)
    async with world.worker() as worker:
        zero = Partition(world.input, 0)
        await until(lambda: zero in worker.status.parked)
        assert "before the input's first offset 4" in worker.status.parked[zero]
        one = worker.status.lane(Partition(world.input, 1))
        await until(lambda: one.state is LaneState.SERVING)


async def test_more_input_partitions_are_not_served_with_the_old_rows(world: World) -> None:
    async with world.worker():
        await world.publish(b"a")
        await world.verdicts(1)
    await _grow(world, world.input, 4)
    with pytest.raises(Misconfigured, match="partitions"):
        await Worker(world.settings, world.handler, world.topics).run(asyncio.Event())
    await _grow(world, world.changelog, 4)
    await _grow(world, world.output, 4)
    async with world.worker() as worker:
        zero = Partition(world.input, 0)
        await until(lambda: zero in worker.status.parked)
        assert "4 partitions" in worker.status.parked[zero]


async def test_missing_topics_stop_a_worker_before_it_begins(kafka: LocalKafka) -> None:
    world = World(kafka.bootstrap_servers)
    with pytest.raises(Misconfigured, match="biolatch topics apply"):
        await Worker(world.settings, world.handler, world.topics).run(asyncio.Event())


async def test_a_broker_that_is_away_is_said_so() -> None:
    world = World("127.0.0.1:1")
    with pytest.raises(TransientFailure, match=r"127\.0\.0\.1:1"):
        await Worker(world.settings, world.handler, world.topics).run(asyncio.Event())


async def test_a_worker_can_be_stopped_at_any_moment_of_its_start(world: World) -> None:
    threads_before = threading.active_count()
    for moment_s in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.4):
        stop = asyncio.Event()
        running = asyncio.ensure_future(
            Worker(world.settings, world.handler, world.topics).run(stop)
        )
        await asyncio.sleep(moment_s)
        stop.set()
        async with asyncio.timeout(WAIT_S):
            await running
        assert threading.active_count() == threads_before


async def _grow(world: World, topic: str, count: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.servers)
    await admin.start()
    await admin.create_partitions({topic: NewPartitions(count)})
    async with asyncio.timeout(WAIT_S):
        while len((await admin.describe_topics([topic]))[0]["partitions"]) < count:  # noqa: ASYNC110 (a broker is no awaitable)
            await asyncio.sleep(0.01)
    await admin.close()


async def _delete_before(world: World, offset: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.servers)
    await admin.start()
    await admin.delete_records(
        {TopicPartition(world.input, 0): RecordsToDelete(before_offset=offset)}
    )
    await admin.close()


async def test_a_worker_that_the_group_refuses_ends_and_says_what_to_change(world: World) -> None:
    settings = world.settings.model_copy(
        update={"membership": MembershipSettings(session_timeout_s=1, heartbeat_interval_s=0.3)}
    )
    async with asyncio.timeout(WAIT_S):
        with pytest.raises(Misconfigured, match=r"group\.min\.session\.timeout\.ms") as refused:
            await Worker(settings, world.handler, world.topics).run(asyncio.Event())
    assert refused.value.code == "membership.refused"


async def test_a_worker_whose_group_is_of_another_kind_ends_and_says_so(world: World) -> None:
    async with (
        AIOKafkaConsumer(
            world.input, bootstrap_servers=world.servers, group_id=world.name
        ) as another,
        asyncio.timeout(WAIT_S),
    ):
        await another.seek_to_end()  # returns when it has joined
        with pytest.raises(Misconfigured, match="members of another kind") as refused:
            await Worker(world.settings, world.handler, world.topics).run(asyncio.Event())
    assert refused.value.code == "membership.refused"
