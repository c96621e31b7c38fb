"""Workers are replaced in good order: restarted one by one, and joined by another for a while."""

import signal

import pytest

from tests.faults.campaign import Campaign, campaign
from tests.faults.campaign_size import COUNTS


@pytest.mark.long
@pytest.mark.timeout(COUNTS.run_s_max)
async def test_nothing_is_lost_in_a_roll_out() -> None:
    async with campaign("workers-replaced") as running:
        for _ in range(COUNTS.rolling_restarts):
            await running.calm(0.2, 1)
            await _restart_one_by_one(running)
        for number in range(COUNTS.additions):
            await running.calm(0.2, 1)
            await _join_and_leave(running, f"added-{number}")


async def _restart_one_by_one(running: Campaign) -> None:
    for worker in running.workers:
        assert await worker.end(signal.SIGTERM) == 0
        await worker.start()
        await worker.joined()
    running.faults["rolling restart of all workers"] += 1


async def _join_and_leave(running: Campaign, name: str) -> None:
    added = running.new_worker(name)
    try:
        await added.start()
        await added.joined()
        await running.calm(0.5, 2)
        assert await added.end(signal.SIGTERM) == 0
    finally:
        if not added.has_ended:
            await added.kill()
    running.faults["worker added and removed"] += 1
