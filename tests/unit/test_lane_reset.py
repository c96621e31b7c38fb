"""An operator's decision where a partition goes on, on a log in memory."""

from collections.abc import Iterator, Mapping

import pytest

from agents.lane.log import Bounds
from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import MemoryLaneLog
from agents.lane.port import BatchResult, Partition
from agents.lane.position import POSITION_KEY, Position
from agents.lane.reset import NotResettable, Standing, reset
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    CHANGELOG,
    INPUT,
    ZERO,
    Counting,
    Rig,
    new_log,
    publish,
    rows,
    serving,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time


def forgetting(known: Mapping[bytes, bytes], offset: int) -> Iterator[tuple[bytes, bytes]]:
    """Rows as a domain might have them: those of a key that says so know of later offsets."""
    assert offset >= 0
    yield from ((key, b"0") for key in known if key.startswith(b"stale"))


async def write(log: MemoryLog, changes: Mapping[bytes, bytes | None]) -> None:
    session = await MemoryLaneLog(log, ZERO, CHANGELOG).open()
    composition = session.compose()
    composition.add(BatchResult({}, changes))
    await composition.complete({}, 0).commit()
    await session.close()


def position(next_offset: int, *, topic: str = INPUT, count: int = 1, row_format: int = 1) -> bytes:
    return Position(topic, next_offset, count, row_format).encode()


def changelog(log: MemoryLog) -> dict[bytes, bytes | None]:
    """The last value of every key, reserved ones too."""
    return {each.key or b"": each.value for each in log.readable(Partition(CHANGELOG, 0))}


async def reset_to(log: MemoryLog, offset: int) -> Standing:
    lane_log = MemoryLaneLog(log, ZERO, CHANGELOG)
    return await reset(lane_log, ZERO, offset, row_format=1, as_of=forgetting)


def test_a_parked_partition_goes_on_where_the_operator_says() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"stale", b"b", b"b")
        await write(log, {b"stale": b"7", b"b": b"5", POSITION_KEY: position(900)})
        async with serving(Rig(log, Counting()), ZERO) as rig:
            await rig.reach(LaneState.PARKED)
            stood = await reset_to(log, 0)
            assert stood == Standing(900, Bounds(0, 3, 1), stood.unservable)
            assert "behind the input's end 3" in (stood.unservable or "")
            await rig.catch_up(ZERO)
        # Rows that knew of offsets of the log before know of none; the others stay as they are.
        assert verdicts(log) == [b"0:1", b"1:6", b"2:7"]

    in_virtual_time(scenario())


def test_rows_stay_as_they_are_where_the_log_is_the_one_they_know() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"a", b"a")
        await write(log, {b"stale": b"7", POSITION_KEY: position(1)})
        assert (await reset_to(log, 3)).unservable is None
        assert rows(log)[b"stale"] == b"7"
        async with serving(Rig(log, Counting()), ZERO) as rig:
            publish(log, b"a")
            await rig.catch_up(ZERO)
        assert verdicts(log) == [b"3:1"]

    in_virtual_time(scenario())


def test_rows_without_a_position_get_one() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        await write(log, {b"a": b"4"})
        stood = await reset_to(log, 1)
        assert stood.next_offset is None
        assert "rows and no position" in (stood.unservable or "")
        await write(log, {POSITION_KEY: b"no JSON"})
        assert "restore the changelog" in ((await reset_to(log, 0)).unservable or "")
        assert changelog(log)[POSITION_KEY] == position(0)

    in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("found", "offset", "said"),
    [
        (position(0, count=4), 0, "run `biolatch topics repartition`"),
        (position(0, topic="other"), 0, "the rows stem from topic other"),
        (position(0, row_format=2), 0, "use the newer version"),
        (position(0), 2, "holds the offsets from 0 to 1; 2 is not among them"),
    ],
)
def test_what_another_position_would_not_help_is_refused_and_nothing_written(
    found: bytes, offset: int, said: str
) -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        await write(log, {b"stale": b"7", POSITION_KEY: found})
        with pytest.raises(NotResettable, match=said):
            await reset_to(log, offset)
        assert changelog(log) == {b"stale": b"7", POSITION_KEY: found}

    in_virtual_time(scenario())
