"""The broker is killed and comes back, and once it is away for longer; workers wait for it."""

import asyncio

import pytest

from tests.faults.campaign import campaign
from tests.faults.campaign_size import COUNTS


@pytest.mark.timeout(COUNTS.run_s_max)
@pytest.mark.long
async def test_workers_outlive_the_broker() -> None:
    async with campaign("broker-lost") as running:
        for _ in range(COUNTS.broker_kills):
            await running.calm(0.5, 8)  # workers are back at work by then, or not
            await running.kafka.kill()
            await running.calm(0, 2)
            await running.kafka.start()
            running.faults["kill -9 of the broker"] += 1
        await running.calm(2, 4)
        await running.kafka.stop()
        await asyncio.sleep(COUNTS.broker_away_s)
        await running.kafka.start()
        running.faults[f"broker stopped for {COUNTS.broker_away_s:g} s"] += 1
        await running.calm(2, 4)
