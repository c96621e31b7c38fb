"""A session whose broker goes away in the middle: it ends in time, leaves nothing, and says so."""

import asyncio

import pytest

from agents.lane.log import LogFailure
from deploy.kafka.local import LocalKafka
from tests.kafka.lane_logs import kafka_under_test, write

CLOSE_S_MAX = 2.0


async def test_without_a_broker_a_session_closes_in_time_and_none_opens(
    fresh_kafka: LocalKafka,
) -> None:
    async with kafka_under_test(fresh_kafka.bootstrap_servers) as log:
        tasks_before = asyncio.all_tasks()
        session = await log.lane().open()
        await write(session, [b"x"], output=log.output).commit()
        await fresh_kafka.kill()

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await write(session, [b"y"], output=log.output).commit()
        async with asyncio.timeout(CLOSE_S_MAX + 3):
            await session.close()

        assert asyncio.all_tasks() == tasks_before
        with pytest.raises(LogFailure):
            await log.lane().open()
        assert asyncio.all_tasks() == tasks_before


async def test_a_transaction_over_a_broker_restart_is_doubtful_and_done_once(
    fresh_kafka: LocalKafka,
) -> None:
    async with kafka_under_test(fresh_kafka.bootstrap_servers) as log:
        session = await log.lane().open()
        await write(session, [b"x"], output=log.output, rows={b"a": b"1"}).commit()
        await fresh_kafka.kill()
        committing = asyncio.ensure_future(
            write(session, [b"y"], output=log.output, rows={b"a": b"2"}).commit()
        )
        await asyncio.sleep(0.2)
        await fresh_kafka.start()

        with pytest.raises(LogFailure, match="lost and sent again"):
            await committing
        await session.close()

        again = await log.lane().open()
        assert (await again.restore()).rows == {b"a": b"2"}
        await again.close()
        assert await log.committed(log.output) == [(b"k", b"x"), (b"k", b"y")]
