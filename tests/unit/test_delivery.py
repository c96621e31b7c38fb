"""Delivery to the outside, on a log in memory and in virtual time."""

import asyncio

from agents.delivery.limits import DeliveryLimits
from agents.lane.port import InputRecord
from tests.unit.delivery_rig import Outside, Worker, delivering, limits, new_input, reached, run
from tests.unit.lane_rig import ONE, ZERO, publish


def test_every_record_arrives_once_and_its_key_s_in_order() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside("a", "b")
        publish(log, b"x", b"y", b"x", b"x", b"y")
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
            assert worker.status.ready
            assert worker.status.lane(ZERO).events == 5
        for destination in ("a", "b"):
            assert sorted(outside.offsets(destination)) == [0, 1, 2, 3, 4]
            assert outside.offsets(destination, b"x") == [0, 2, 3]
            assert outside.offsets(destination, b"y") == [1, 4]

    run(scenario())


def test_a_stuck_key_holds_up_itself_and_the_position_and_nobody_else() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.answer = lambda _, record: 1.0 if record.key == b"stuck" else None
        publish(log, b"x", b"stuck", b"x", b"stuck", b"x")
        async with delivering(Worker(log, outside)) as worker:
            await reached(lambda: outside.offsets() == [0, 2, 4])
            await reached(lambda: log.group_offsets.get(ZERO) == 1)
            assert {each.offset for each in outside.tried if each.key == b"stuck"} == {1}
            outside.answer = lambda _destination, _record: None
            await worker.catch_up()
        assert outside.offsets(key=b"stuck") == [1, 3]

    run(scenario())


def test_a_destination_that_is_stuck_holds_up_no_other_one() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside("a", "b")
        outside.answer = lambda destination, _: 1.0 if destination == "b" else None
        publish(log, b"x", b"x", b"x")
        async with delivering(Worker(log, outside)):
            await reached(lambda: outside.offsets("a") == [0, 1, 2])
        assert outside.offsets("b") == []
        assert log.group_offsets == {ZERO: 0}

    run(scenario())


def test_with_so_many_records_behind_a_stuck_one_no_more_are_fetched() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.answer = lambda _, record: 1.0 if record.key == b"stuck" else None
        publish(log, b"stuck", *[b"x"] * 20)
        worker = Worker(log, outside, limits=limits(waiting_records_max=7), batch_records_max=3)
        async with delivering(worker):
            await reached(lambda: len(outside.arrived) == 8)
            assert not worker.lanes.hungry(ZERO)
            await asyncio.sleep(600)
            assert len(outside.arrived) == 8
            outside.answer = lambda _destination, _record: None
            await worker.catch_up()
        assert sorted(outside.offsets()) == list(range(21))

    run(scenario())


def test_no_more_tries_go_to_a_destination_at_once_than_the_bound() -> None:
    async def scenario() -> None:
        log, outside = new_input(2), Outside("a", "b")
        for partition in (ZERO, ONE):
            publish(log, *[b"%d" % number for number in range(20)], partition=partition)
        async with delivering(Worker(log, outside, limits=limits(at_once_max=4)), ZERO, ONE) as w:
            await w.catch_up(ZERO)
            await w.catch_up(ONE)
        assert outside.at_once_seen == 4

    run(scenario())


def test_a_pause_is_kept_and_what_waits_behind_it_too() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        pauses = iter([5.0, 7.0])
        outside.answer = lambda _, record: next(pauses, None) if record.offset == 0 else None
        outside.took_s = 0.0
        publish(log, b"x", b"x")
        async with delivering(Worker(log, outside)) as worker:
            started_s = asyncio.get_running_loop().time()
            await worker.catch_up()
            assert 12 <= asyncio.get_running_loop().time() - started_s < 15
        assert [each.offset for each in outside.tried] == [0, 0, 0, 1]

    run(scenario())


def test_a_try_that_raises_is_tried_again_for_ever_and_its_text_stays_out_of_the_log() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        left = 30

        def answer(_destination: str, _record: InputRecord) -> Exception | None:
            nonlocal left
            left -= 1
            return ValueError("phone-1") if left else None

        outside.answer = answer
        publish(log, b"x")
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [0]

    lines = [line for line in run(scenario()) if line["event"] == "delivery.failed"]
    assert [line["reason"] for line in lines] == ["ValueError"] * 29
    assert max(line["pause_s"] for line in lines) <= DeliveryLimits().backoff_s_max


def test_a_try_that_hangs_is_cancelled_and_tried_again() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        outside.took_s = 1e9
        publish(log, b"x")
        async with delivering(Worker(log, outside)) as worker:
            await reached(lambda: len(outside.tried) == 2)
            outside.took_s = 0.0
            await worker.catch_up()
        assert outside.offsets() == [0]

    run(scenario())


def test_a_client_s_own_cancellation_is_a_failure_and_ends_nothing() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        failures = [asyncio.CancelledError()]
        outside.answer = lambda *_: failures.pop() if failures else None
        publish(log, b"x")
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [0]

    assert "CancelledError" in [line.get("reason") for line in run(scenario())]


def test_records_without_deliveries_are_done_and_so_are_gaps_in_the_log() -> None:
    async def scenario() -> None:
        log, outside = new_input(), Outside()
        publish(log, b"x")
        for commit in (True, False):
            transaction = log.begin()
            log.append(ZERO, (b"x", b"nothing", ()), transaction=transaction)
            log.end(transaction, commit=commit)
        async with delivering(Worker(log, outside)) as worker:
            await worker.catch_up()
        assert outside.offsets() == [0]
        assert log.group_offsets == {ZERO: 5}

    run(scenario())
