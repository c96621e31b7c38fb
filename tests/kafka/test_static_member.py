"""Workers with an id of their own in the group: they come back unnoticed, and only once."""

import asyncio

import pytest

from agents.app import Worker
from agents.lane.port import Partition
from agents.setting_groups import MembershipSettings
from deploy.kafka.local import LocalKafka
from events.errors import Misconfigured
from tests.kafka.lane_world import WAIT_S, World, until


@pytest.fixture
async def world(kafka: LocalKafka) -> World:
    return await World(kafka.bootstrap_servers).create()


async def test_a_static_member_that_comes_back_disturbs_nobody(world: World) -> None:
    async with world.worker("one") as one:
        async with world.worker("two") as two:
            await until(lambda: two.status.ready and len(two.status.assigned) == 1)
            await until(lambda: one.status.ready and len(one.status.assigned) == 1)
            [left] = two.status.assigned
            [staying] = one.status.assigned
        rebalances = one.status.rebalances
        await world.publish(b"a", number=left.number)
        async with world.worker("two") as two:
            assert await world.verdicts(1, number=left.number) == [b"0:1"]
            assert two.status.assigned == {left}
            assert one.status.rebalances == rebalances
            assert one.status.lane(staying).openings == 1


async def test_of_two_processes_with_one_id_the_first_ends_and_says_why(world: World) -> None:
    settings = world.settings.model_copy(
        update={
            "membership": MembershipSettings(
                instance_id="one", session_timeout_s=6, heartbeat_interval_s=0.2
            )
        }
    )
    first = Worker(settings, world.handler, world.topics)
    running = asyncio.ensure_future(first.run(asyncio.Event()))
    await until(lambda: first.status.ready)
    await world.publish(b"a")
    assert await world.verdicts(1) == [b"0:1"]
    async with world.worker("one") as second:
        async with asyncio.timeout(WAIT_S):
            with pytest.raises(Misconfigured, match="BIOLATCH_MEMBERSHIP__INSTANCE_ID") as refused:
                await running
        assert refused.value.code == "membership.taken-over"
        await world.publish(b"a")
        assert await world.verdicts(2) == [b"0:1", b"1:2"]
        assert second.status.assigned == {Partition(world.input, 0), Partition(world.input, 1)}
