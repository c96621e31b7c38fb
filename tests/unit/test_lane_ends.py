"""How a lane ends, and what a new assignment does to lanes."""

import asyncio

import pytest

from agents.lane.limits import LaneLimits
from agents.lane.memory import no_faults
from agents.lane.port import Partition
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    ONE,
    ZERO,
    Rig,
    new_log,
    publish,
    serving,
    until,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time

STEPS = ("open", "restore", "bounds", "start", "fetch", "begin", "write", "commit", "committed")


def test_a_lane_of_an_old_assignment_does_not_serve() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        rig = Rig(log)
        await rig.lanes.assign([ZERO], lambda: False)
        await until(lambda: rig.status.lane(ZERO).failures == 3)
        await rig.lanes.close()
        assert verdicts(log) == []

    in_virtual_time(scenario())


def test_closing_lets_the_transaction_in_flight_finish() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"b")
        committing = asyncio.Event()

        async def slow_commit(operation: str, _: Partition) -> None:
            if operation == "commit":
                committing.set()
                await asyncio.sleep(1)

        log.step = slow_commit
        async with serving(Rig(log, batch_records_max=1)):
            await committing.wait()
        assert verdicts(log) == [b"0:1"]
        log.step = no_faults
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"1:1"]

    in_virtual_time(scenario())


def test_closing_gives_up_on_a_transaction_that_hangs() -> None:
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
        assert loop.time() - began == pytest.approx(2)
        assert rig.status.lane(ZERO).state is LaneState.CLOSED
        assert verdicts(log) == []

    in_virtual_time(scenario())


def test_a_new_assignment_replaces_the_old_one() -> None:
    async def scenario() -> None:
        log = new_log(2)
        async with serving(Rig(log), ZERO) as rig:
            await rig.reach(LaneState.SERVING)
            await rig.lanes.assign([ONE], lambda: True)
            await rig.reach(LaneState.SERVING, ONE)
            assert rig.status.lane(ZERO).state is LaneState.CLOSED
            assert rig.status.rebalances == 2
            assert not rig.lanes.hungry(ZERO)
            assert rig.lanes.hungry(ONE)

    in_virtual_time(scenario())
