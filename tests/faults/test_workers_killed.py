"""Workers are killed: under load, before they have read their rows, and while partitions move."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.campaign import Campaign, campaign
from tests.faults.campaign_size import COUNTS
from tests.faults.group_watch import group_admin, is_stable

_TRIES = 20
_LOOK_S = 0.01
_REBALANCE_S_MAX = 30.0


@pytest.mark.timeout(COUNTS.run_s_max)
async def test_every_event_is_decided_once_whoever_is_killed() -> None:
    async with campaign("workers-killed") as running:
        for _ in range(COUNTS.kills):
            await running.calm(0.3, 2.5)
            victim = running.chance.choice(running.workers)
            await victim.kill()
            running.faults["kill -9 of a worker"] += 1
            await running.calm(0, 1)
            await victim.start()
        await _until_hit(running, _kill_in_recovery, COUNTS.kills_in_recovery, "in recovery")
        await _until_hit(running, _kill_in_rebalance, COUNTS.kills_in_rebalance, "in a rebalance")


async def _until_hit(
    running: Campaign, kill: Callable[[Campaign], Awaitable[bool]], hits: int, when: str
) -> None:
    """Kill again until so many kills came just then; those that came too late are counted too."""
    for _ in range(hits):
        for _ in range(_TRIES):
            for worker in running.workers:
                await worker.joined()
            await running.calm(0, 1)
            if await kill(running):
                break
            running.faults["kill -9 of a worker"] += 1
        else:
            pytest.fail(f"no kill came {when}")
        running.faults[f"kill -9 of a worker {when}"] += 1


async def _kill_in_recovery(running: Campaign) -> bool:
    """Kill a worker that has partitions and serves none of them yet."""
    victim = running.chance.choice(running.workers)
    await victim.kill()
    await victim.start()
    await victim.joined()
    await running.calm(0, 0.05)
    await victim.kill()
    hit = victim.said("lane.serving") == 0
    await victim.start()
    return hit


async def _kill_in_rebalance(running: Campaign) -> bool:
    """Kill a worker while the group agrees on who gets what, because another one just came back."""
    returning, victim = running.chance.sample(running.workers, 2)
    await returning.kill()
    await returning.start()
    async with group_admin(running.servers) as admin:
        async with asyncio.timeout(_REBALANCE_S_MAX):
            while await is_stable(admin):  # noqa: ASYNC110 - Kafka tells when asked
                await asyncio.sleep(_LOOK_S)
        await victim.kill()
        hit = not await is_stable(admin)
    await victim.start()
    return hit
