"""Workers are stunned for longer than their session, then go on as if nothing had been: zombies."""

import asyncio
import signal

import pytest

from tests.faults.campaign import campaign
from tests.faults.campaign_size import COUNTS
from tests.faults.devices_worker import SESSION_TIMEOUT_S

_LOOK_S = 0.05
_TAKEN_OVER_S_MAX = 30.0


@pytest.mark.timeout(COUNTS.run_s_max)
async def test_a_worker_that_comes_back_from_the_dead_writes_nothing_twice() -> None:
    async with campaign("workers-paused") as running:
        for _ in range(COUNTS.pauses):
            await running.calm(0.5, 2)
            stunned = running.chance.choice(running.workers)
            others = [worker for worker in running.workers if worker is not stunned]
            before = sum(worker.said("lane.serving") for worker in others)
            stunned.signal(signal.SIGSTOP)
            await asyncio.sleep(SESSION_TIMEOUT_S)
            async with asyncio.timeout(_TAKEN_OVER_S_MAX):
                while sum(worker.said("lane.serving") for worker in others) <= before:  # noqa: ASYNC110 - its log tells
                    await asyncio.sleep(_LOOK_S)  # until others serve what was its
            await running.calm(0, 2)
            stunned.signal(signal.SIGCONT)
            running.faults["SIGSTOP of a worker beyond its session"] += 1
