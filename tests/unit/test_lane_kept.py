"""What a lane does whose partition stays with its worker while the group deals partitions out."""

import asyncio

import pytest

from agents.lane.limits import LaneLimits
from agents.lane.memory import no_faults
from agents.lane.port import Partition
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    CHANGELOG,
    INPUT,
    ONE,
    OUTPUT,
    ZERO,
    Counting,
    Rig,
    new_log,
    publish,
    refusing,
    serving,
    until,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time


def test_a_partition_that_stays_is_not_read_again() -> None:
    async def scenario() -> None:
        log = new_log(2)
        async with serving(Rig(log), ZERO, ONE) as rig:
            publish(log, b"a")
            await rig.catch_up()
            await rig.lanes.hold()
            await rig.lanes.assign([ZERO], lambda: True)
            publish(log, b"a")
            await rig.catch_up()
            await rig.lanes.assign([ZERO, ONE], lambda: True)
            await rig.reach(LaneState.SERVING, ONE)
            publish(log, b"a")
            await rig.catch_up()
            assert rig.status.lane(ZERO).openings == 1
            assert rig.status.lane(ONE).openings == 2
        assert verdicts(log) == [b"0:1", b"1:2", b"2:3"]

    in_virtual_time(scenario())


def test_a_held_lane_finishes_its_transaction_and_begins_none() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"a", b"a", b"a")
        committing = asyncio.Event()

        async def slow_commit(operation: str, _: Partition) -> None:
            if operation == "commit":
                committing.set()
                await asyncio.sleep(1)

        log.step = slow_commit
        async with serving(Rig(log, limits=LaneLimits(close_s_max=5), batch_records_max=1)) as rig:
            await committing.wait()
            await rig.lanes.hold()
            assert not rig.lanes.hungry(ZERO)
            committed = verdicts(log)
            await asyncio.sleep(10)
            assert verdicts(log) == committed == [b"0:1", b"1:2"]
            assert rig.status.lane(ZERO).state is LaneState.HELD
            await rig.lanes.assign([ZERO], lambda: True)
            await rig.catch_up()
            assert rig.status.lane(ZERO).openings == 1
        assert verdicts(log) == [b"0:1", b"1:2", b"2:3", b"3:4"]

    in_virtual_time(scenario())


def test_a_transaction_that_hangs_costs_the_rows() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        committing = asyncio.Event()

        async def hang(operation: str, _: Partition) -> None:
            if operation == "commit":
                committing.set()
                await asyncio.Event().wait()

        log.step = hang
        loop = asyncio.get_running_loop()
        async with serving(Rig(log, limits=LaneLimits(close_s_max=2))) as rig:
            await committing.wait()
            began = loop.time()
            await rig.lanes.hold()
            assert loop.time() - began == pytest.approx(2)
            assert rig.status.lane(ZERO).state is LaneState.CLOSED
            log.step = no_faults
            await rig.lanes.assign([ZERO], lambda: True)
            await rig.catch_up()
            assert rig.status.lane(ZERO).openings == 2
        assert verdicts(log) == [b"0:1"]

    in_virtual_time(scenario())


def test_a_kept_lane_is_fenced_when_another_worker_had_the_partition_meanwhile() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log)) as rig:
            publish(log, b"a")
            await rig.catch_up()
            await rig.lanes.hold()
            async with serving(Rig(log)) as other:
                publish(log, b"a")
                await other.catch_up()
            await rig.lanes.assign([ZERO], lambda: True)
            publish(log, b"a")
            await rig.catch_up()
            assert rig.status.lane(ZERO).failures == 1
            assert rig.status.lane(ZERO).openings == 2
        assert verdicts(log) == [b"0:1", b"1:2", b"2:3"]

    in_virtual_time(scenario())


def test_a_lane_that_is_held_while_it_opens_serves_when_it_is_released() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        restoring = asyncio.Event()

        async def slow_restore(operation: str, _: Partition) -> None:
            if operation == "restore":
                restoring.set()
                await asyncio.sleep(5)

        log.step = slow_restore
        rig = Rig(log)
        generation = 1
        feeding = asyncio.ensure_future(rig.feed.run())
        await rig.lanes.assign([ZERO], lambda: generation == 1)
        await restoring.wait()
        await rig.lanes.hold()
        generation = 2
        await asyncio.sleep(10)
        assert rig.status.lane(ZERO).state is LaneState.OPENING
        assert verdicts(log) == []
        await rig.lanes.assign([ZERO], lambda: generation == 2)
        await rig.catch_up()
        assert rig.status.lane(ZERO).openings == 1
        await rig.lanes.close()
        feeding.cancel()

    in_virtual_time(scenario())


def test_a_held_lane_opens_nothing() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log)) as rig:
            await rig.reach(LaneState.SERVING)
            rig.lanes.interrupt(ZERO, "for the test")
            await rig.lanes.hold()
            await asyncio.sleep(60)
            assert rig.status.lane(ZERO).openings == 1
            await rig.lanes.assign([ZERO], lambda: True)
            await rig.reach(LaneState.SERVING)
            assert rig.status.lane(ZERO).openings == 2

    in_virtual_time(scenario())


def test_holding_again_at_once_is_heard() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log)) as rig:
            await rig.reach(LaneState.SERVING)
            await rig.lanes.hold()
            await rig.lanes.assign([ZERO], lambda: True)
            await rig.lanes.hold()
            publish(log, b"a")
            await asyncio.sleep(60)
            assert verdicts(log) == []
            await rig.lanes.assign([ZERO], lambda: True)
            await rig.catch_up()
            assert rig.status.lane(ZERO).openings == 1

    in_virtual_time(scenario())


def test_input_that_has_grown_meanwhile_parks_the_partition() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log)) as rig:
            publish(log, b"a")
            await rig.catch_up()
            await rig.lanes.hold()
            for topic in (INPUT, OUTPUT, CHANGELOG):
                log.create_topic(topic, 2)
            await rig.lanes.assign([ZERO], lambda: True)
            await until(lambda: ZERO in rig.status.parked)
            assert "2 partitions" in rig.status.parked[ZERO]

    in_virtual_time(scenario())


def test_an_input_that_nobody_describes_costs_the_rows() -> None:
    async def scenario() -> None:
        log = new_log()
        silent = False

        async def say_nothing(operation: str, _: Partition) -> None:
            if operation == "bounds" and silent:
                await asyncio.Event().wait()

        log.step = say_nothing
        async with serving(Rig(log)) as rig:
            await rig.reach(LaneState.SERVING)
            await rig.lanes.hold()
            silent = True
            await rig.lanes.assign([ZERO], lambda: True)
            await until(lambda: rig.status.lane(ZERO).failures == 1)
            silent = False
            publish(log, b"a")
            await rig.catch_up()
        assert verdicts(log) == [b"0:1"]

    in_virtual_time(scenario())


def test_a_parked_partition_stays_parked() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"bad")
        async with serving(Rig(log, Counting(refusing(0)))) as rig:
            await rig.reach(LaneState.PARKED)
            await rig.lanes.hold()
            await rig.lanes.assign([ZERO], lambda: True)
            await asyncio.sleep(60)
            assert ZERO in rig.status.parked
            assert rig.status.lane(ZERO).openings == 1

    in_virtual_time(scenario())
