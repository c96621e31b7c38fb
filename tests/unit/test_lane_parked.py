"""What parks a partition, what does not, and how an operator lets it go on."""

import asyncio
import json

import pytest

from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import MemoryLaneLog
from agents.lane.port import BatchResult, Partition
from agents.lane.position import POSITION_KEY
from agents.lane.skip import NotNext, skip
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    CHANGELOG,
    ONE,
    ZERO,
    Counting,
    Rig,
    new_log,
    publish,
    refusing,
    rows,
    serving,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time

STEPS = ("open", "restore", "bounds", "start", "fetch", "begin", "write", "commit", "committed")


async def _write_changelog(log: MemoryLog, changes: dict[bytes, bytes | None]) -> None:
    session = await MemoryLaneLog(log, ZERO, CHANGELOG).open()
    composition = session.compose()
    composition.add(BatchResult({}, changes))
    await composition.complete({}, 0).commit()


def test_a_record_that_cannot_be_decided_parks_its_partition_and_no_other() -> None:
    async def scenario() -> None:
        log = new_log(2)
        publish(log, b"a", b"b", b"bad", b"c")
        publish(log, b"a", partition=ONE)
        async with serving(Rig(log, Counting(refusing(2)), batch_records_max=10), ZERO, ONE) as rig:
            await rig.reach(LaneState.PARKED)
            await rig.catch_up(ONE)
            publish(log, b"a", partition=ONE)
            await rig.catch_up(ONE)
            assert not rig.status.ready
            assert list(rig.status.parked) == [ZERO]
            assert "offset 2" in rig.status.parked[ZERO]
            assert "run `skip --as-told 0 2`" in rig.status.parked[ZERO]
            assert rig.status.lane(ZERO).position == 2
            # Days later nothing has changed, and nothing is tried again and again.
            await asyncio.sleep(200_000)
            assert rig.status.lane(ZERO).parkings == 1
        assert verdicts(log, 0) == [b"0:1", b"1:1"]
        assert verdicts(log, 1) == [b"0:1", b"1:2"]

    in_virtual_time(scenario())


def test_a_skipped_record_becomes_a_dead_letter_and_the_lane_goes_on() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"bad", b"a")
        handler = Counting(refusing(1))
        lane_log = MemoryLaneLog(log, ZERO, CHANGELOG)
        async with serving(Rig(log, handler)) as rig:
            await rig.reach(LaneState.PARKED)
            with pytest.raises(NotNext, match="stands at offset 1"):
                await skip(lane_log, handler, ZERO, 2, code="operator", message="")
            await skip(lane_log, handler, ZERO, 1, code="operator", message="")
            await rig.catch_up()
            assert rig.status.ready
        assert verdicts(log) == [b"0:1", b"1:operator", b"2:2"]

    in_virtual_time(scenario())


def test_a_skip_survives_a_restart_and_is_done_once() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"bad", b"a")
        handler = Counting(refusing(0))
        async with serving(Rig(log, handler)) as rig:
            await rig.reach(LaneState.PARKED)
        lane_log = MemoryLaneLog(log, ZERO, CHANGELOG)
        await skip(lane_log, handler, ZERO, 0, code="operator", message="")
        with pytest.raises(NotNext):
            await skip(lane_log, handler, ZERO, 0, code="operator", message="")
        async with serving(Rig(log, handler)) as rig:
            await rig.catch_up()
        with pytest.raises(NotNext, match="no record"):
            await skip(lane_log, handler, ZERO, 2, code="operator", message="")
        assert verdicts(log) == [b"0:operator", b"1:1"]

    in_virtual_time(scenario())


def test_skipping_where_a_lane_serves_changes_nothing() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
            with pytest.raises(NotNext):
                await skip(
                    MemoryLaneLog(log, ZERO, CHANGELOG), rig.handler, ZERO, 0, code="", message=""
                )
            publish(log, b"a")
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"1:2"]

    in_virtual_time(scenario())


def test_a_handler_that_fails_at_batches_only_loses_nothing() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"a", b"b")
        handler = Counting(lambda records: KeyError("batch") if len(records) > 1 else None)
        async with serving(Rig(log, handler)) as rig:
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"1:2", b"2:1"]
        assert rows(log) == {b"a": b"2", b"b": b"1"}

    in_virtual_time(scenario())


def test_a_batch_that_the_log_refuses_parks_the_partition() -> None:
    async def scenario() -> None:
        log = new_log()
        log.append(ZERO, (b"x" * 2_000_000, b"", ()))
        async with serving(Rig(log)) as rig:
            await rig.reach(LaneState.PARKED)
            assert "refuses" in rig.status.parked[ZERO]
            await asyncio.sleep(1000)
            assert rig.status.lane(ZERO).parkings == 1
        assert verdicts(log) == []

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ({"next_offset": 6}, "decide where to go on (`reset --as-told 0`)"),
        ({"next_offset": 1}, "decide where to go on (`reset --as-told 0`)"),
        ({"next_offset": 6}, "behind the input's end"),
        ({"next_offset": 1}, "before the input's first offset"),
        ({"partition_count": 4}, "partitions"),
        ({"row_format": 2}, "format 2"),
        ({"topic": "other"}, "topic other"),
        ({"topic": 5}, "wrong type"),
        (None, "no position"),
    ],
)
def test_rows_and_input_that_do_not_belong_together_are_not_served(
    position: dict[str, object] | None, reason: str
) -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, *[b"a"] * 5)
        log.delete_before(ZERO, 2)
        stated = {"topic": "in", "next_offset": 5, "partition_count": 1, "row_format": 1}
        changes: dict[bytes, bytes | None] = {b"a": b"5"}
        if position is not None:
            changes[POSITION_KEY] = json.dumps(stated | position).encode()
        await _write_changelog(log, changes)
        async with serving(Rig(log)) as rig:
            await rig.reach(LaneState.PARKED)
            assert reason in rig.status.parked[ZERO]
            # An operator decides by writing the position.
            changes[POSITION_KEY] = json.dumps(stated).encode()
            await _write_changelog(log, changes)
            publish(log, b"a")
            await rig.catch_up()
        assert verdicts(log) == [b"5:6"]

    in_virtual_time(scenario())


def test_a_partition_that_is_new_because_the_input_has_grown_is_not_served() -> None:
    async def scenario() -> None:
        log = new_log(2)
        publish(log, b"a", partition=ONE)
        stated = {"topic": "in", "next_offset": 0, "partition_count": 1, "row_format": 1}
        await _write_changelog(log, {POSITION_KEY: json.dumps(stated).encode()})
        async with serving(Rig(log), ZERO, ONE) as rig:
            await rig.reach(LaneState.PARKED, ONE)
            assert "2 partitions and the rows were made with 1" in rig.status.parked[ONE]
            assert rig.status.parked[ONE] == rig.status.parked[ZERO]
        assert verdicts(log, 1) == []

    in_virtual_time(scenario())


def test_input_that_is_deleted_under_a_lane_parks_it() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
            rig.feed.stop(ZERO)
            publish(log, b"a", b"a", b"a")
            log.delete_before(ZERO, 3)
            await rig.feed.start(ZERO, 1)
            await rig.reach(LaneState.PARKED)
            assert "before the input's first offset 3" in rig.status.parked[ZERO]

    in_virtual_time(scenario())


def test_a_mistake_in_an_adapter_parks_the_partition() -> None:
    async def scenario() -> None:
        log = new_log(2)
        publish(log, b"a", partition=ONE)

        async def broken(operation: str, partition: Partition) -> None:
            if operation == "restore" and partition == ZERO:
                raise AssertionError("our mistake")

        log.step = broken
        async with serving(Rig(log), ZERO, ONE) as rig:
            await rig.reach(LaneState.PARKED)
            await rig.catch_up(ONE)
            # Its name, not its text: that may hold a key or a value.
            assert rig.status.parked[ZERO] == "unexpected AssertionError"

    in_virtual_time(scenario())
