"""Under load what comes in small fetches travels together; a lone event waits for nobody."""

import asyncio

from agents.lane.limits import LaneLimits
from tests.unit.lane_rig import ZERO, Rig, new_log, publish, serving, verdicts
from tests.unit.virtual_time import in_virtual_time

INTERVAL_S = 1.0
PATIENT = LaneLimits(transaction_interval_s_min=INTERVAL_S)


def test_a_lone_event_does_not_wait() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log, limits=PATIENT, waiting_records_max=100)) as rig:
            for number in range(3):
                await asyncio.sleep(2 * INTERVAL_S)
                asked_s = asyncio.get_running_loop().time()
                publish(log, b"a")
                await rig.catch_up()
                assert asyncio.get_running_loop().time() - asked_s < INTERVAL_S / 2
                assert len(verdicts(log)) == number + 1
            assert rig.status.lane(ZERO).transactions == 3

    in_virtual_time(scenario())


def test_what_comes_within_the_interval_is_one_transaction() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log, limits=PATIENT, waiting_records_max=100)) as rig:
            publish(log, b"a")
            await rig.catch_up()
            for _ in range(5):
                publish(log, b"a")
                await asyncio.sleep(INTERVAL_S / 10)
            await rig.catch_up()
            assert rig.status.lane(ZERO).transactions == 2
            assert rig.status.lane(ZERO).events == 6
            assert rig.handler.batches == [[0], [1, 2, 3, 4, 5]]
        assert verdicts(log) == [b"0:1", b"1:2", b"2:3", b"3:4", b"4:5", b"5:6"]

    in_virtual_time(scenario())


def test_whoever_has_enough_does_not_wait_for_the_interval() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log, limits=PATIENT, waiting_records_max=2)) as rig:
            publish(log, b"a")
            await rig.catch_up()
            asked_s = asyncio.get_running_loop().time()
            publish(log, b"a", b"a", b"a")
            await rig.catch_up()
            assert asyncio.get_running_loop().time() - asked_s < INTERVAL_S / 2
        assert len(verdicts(log)) == 4

    in_virtual_time(scenario())
