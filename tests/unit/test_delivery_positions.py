"""Delivery when partitions are dealt out anew, positions move and the log fails."""

import asyncio
from dataclasses import replace

import pytest

from agents.lane.log import FetchedBatch
from agents.lane.status import LaneState
from tests.unit.delivery_rig import Outside, Worker, delivering, limits, new_input, reached, run
from tests.unit.lane_rig import ONE, ZERO, publish


def test_a_partition_that_stays_repeats_nothing_and_keeps_its_pauses() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.answer = lambda _, record: 1000.0 if record.key == b"stuck" else None
        publish(log, b"stuck", b"x", b"x")
        async with delivering(Worker(log, outside)) as worker:
            await reached(lambda: outside.offsets() == [1, 2])
            for _ in range(3):
                await worker.lanes.hold()
                await worker.lanes.assign([ZERO], lambda: True)
                await worker.reach(LaneState.SERVING)
            publish(log, b"x")
            await reached(lambda: outside.offsets() == [1, 2, 3])
        assert [each.offset for each in outside.tried].count(0) == 1

    run(scenario())


def test_at_rest_nothing_is_tried_and_a_try_in_flight_gets_its_time() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.took_s = 1.0
        publish(log, b"x", b"x", b"y")
        async with delivering(Worker(log, outside, limits=limits(rest_s_max=2.0))) as worker:
            await reached(lambda: len(outside.tried) == 2)
            await worker.lanes.hold()
            assert sorted(outside.offsets()) == [0, 2]
            assert log.group_offsets == {ZERO: 1}
            await asyncio.sleep(100)
            assert len(outside.tried) == 2

    run(scenario())


def test_a_worker_at_rest_is_not_ready_and_says_so() -> None:
    async def scenario() -> None:
        async with delivering(Worker(new_input(), Outside())) as worker:
            await reached(lambda: worker.status.ready)
            await worker.lanes.hold()
            assert worker.status.obstacles == ["the group deals its partitions out"]
            await worker.lanes.assign([ZERO], lambda: False)  # dealt out anew meanwhile
            assert worker.status.obstacles == ["the group deals its partitions out"]
            await worker.lanes.assign([ZERO], lambda: True)
            await reached(lambda: worker.status.ready)
        assert not worker.status.ready

    run(scenario())


def test_a_try_that_takes_too_long_at_rest_is_cancelled_and_repeated_by_the_next_owner() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.took_s = 50.0
        publish(log, b"x")
        async with delivering(Worker(log, outside)) as worker:
            await reached(lambda: len(outside.tried) == 1)
            started_s = asyncio.get_running_loop().time()
            await worker.lanes.hold()
            assert asyncio.get_running_loop().time() - started_s == pytest.approx(2.0)
        assert outside.under_way == {"a": 0}
        outside.took_s = 0.0
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [0]

    run(scenario())


def test_a_partition_that_another_worker_had_meanwhile_goes_on_where_that_one_stopped() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.answer = lambda *_: 1e6
        publish(log, b"x", b"x")
        async with delivering(Worker(log, outside)) as paused:
            await reached(lambda: len(outside.tried) == 1)
            outside.answer = lambda *_: None
            paused.positions.fenced = True
            async with delivering(Worker(log, outside)) as other:
                await other.catch_up()
            await paused.lanes.hold()
            paused.positions.fenced = False
            await paused.lanes.assign([ZERO], lambda: True)
            publish(log, b"x")
            await paused.catch_up()
        assert outside.offsets() == [0, 1, 2]

    run(scenario())


def test_a_commit_that_fails_is_made_up_for() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        publish(log, b"x")
        async with delivering(Worker(log, outside)) as worker:
            await worker.reach(LaneState.SERVING)
            worker.positions.fails = 3
            await worker.catch_up()
        assert worker.positions.commits[-1] == {ZERO: 1}

    lines = run(scenario())
    assert [line["event"] for line in lines].count("delivery.not-committed") == 3


def test_an_opening_that_fails_is_tried_again() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        publish(log, b"x")
        worker = Worker(log, outside)
        worker.positions.fails = 5
        async with delivering(worker):
            assert not worker.status.ready
            await worker.catch_up()

    run(scenario())


def test_records_that_retention_has_removed_are_passed_and_said_to_be_gone() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        publish(log, b"x", b"x", b"x", b"x")
        log.group_offsets[ZERO] = 1
        log.delete_before(ZERO, 3)
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [3]

    [line] = [line for line in run(scenario()) if line["event"] == "delivery.records-gone"]
    assert (line["log_level"], line["position"], line["records_at_most"]) == ("error", 1, 2)


def test_a_topic_that_was_made_anew_is_delivered_from_its_start() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        publish(log, b"x")
        log.group_offsets[ZERO] = 100
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [0]

    lines = run(scenario())
    assert "delivery.position-beyond-end" in [line["event"] for line in lines]


def test_a_batch_that_is_lost_on_its_way_is_fetched_again() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        worker = Worker(log, outside, batch_records_max=1)
        deliver, seen = worker.lanes.deliver, 0

        def lose_the_second(batch: FetchedBatch) -> None:
            nonlocal seen
            seen += 1
            if seen != 2:
                deliver(batch)

        worker.lanes.deliver = lose_the_second  # type: ignore[method-assign]
        publish(log, b"x", b"x", b"x")
        async with delivering(worker):
            await worker.catch_up()
        assert outside.offsets() == [0, 1, 2]

    run(scenario())


def test_a_courier_s_defect_parks_the_partition_and_it_is_tried_again() -> None:
    async def scenario() -> None:
        log, outside = new_input(2), Outside()
        publish(log, b"x")
        log.append(ZERO, (b"x", b"defect", ()))
        publish(log, b"x")
        publish(log, b"y", partition=ONE)
        async with delivering(Worker(log, outside), ZERO, ONE) as worker:
            await worker.reach(LaneState.PARKED)
            assert (
                "what lies at offset 1 is not understood: ValueError" in worker.status.parked[ZERO]
            )
            assert worker.status.obstacles == [f"{ZERO} is parked: {worker.status.parked[ZERO]}"]
            await worker.catch_up(ONE)
            assert log.group_offsets[ZERO] == 1
            log.stored(ZERO).records[1] = replace(log.stored(ZERO).records[1], value=b"")
            await worker.catch_up(ZERO)
            assert worker.status.parked == {}
        assert outside.offsets(key=b"x") == [0, 1, 2]

    run(scenario())
