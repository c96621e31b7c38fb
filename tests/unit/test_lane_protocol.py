"""A lane's life on a log in memory, in virtual time: how it starts, stops and fails."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest

from agents.lane.limits import LaneLimits
from agents.lane.log import FetchedBatch, LogFailure
from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    CHANGELOG,
    ZERO,
    Rig,
    new_log,
    publish,
    rows,
    serving,
    until,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time

STEPS = ("open", "restore", "bounds", "start", "fetch", "begin", "write", "commit", "committed")


def _position(log: MemoryLog, number: int = 0) -> dict[str, object]:
    last = [r for r in log.readable(Partition(CHANGELOG, number)) if r.key == POSITION_KEY][-1]
    position: dict[str, object] = json.loads(last.value or b"")
    return position


def _failing(
    step: str, times: int, partition: Partition = ZERO
) -> Callable[[str, Partition], Awaitable[None]]:
    left = times

    async def fail(operation: str, where: Partition) -> None:
        nonlocal left
        await asyncio.sleep(0.001)
        if operation == step and where == partition and left:
            left -= 1
            raise LogFailure(f"injected at {step}")

    return fail


def test_every_record_is_decided_once_and_in_order() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"b", b"a")
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
            publish(log, b"a")
            await rig.catch_up()
            assert rig.status.ready
            assert rig.status.lane(ZERO).events == 4
        assert verdicts(log) == [b"0:1", b"1:1", b"2:2", b"3:3"]
        assert rows(log) == {b"a": b"3", b"b": b"1"}
        assert log.group_offsets[ZERO] == 4
        assert _position(log) == {
            "topic": "in",
            "next_offset": 4,
            "partition_count": 1,
            "row_format": 1,
        }

    in_virtual_time(scenario())


def test_the_next_worker_goes_on_where_the_last_one_stopped() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"b")
        async with serving(Rig(log)) as first:
            await first.catch_up()
        publish(log, b"b")
        async with serving(Rig(log)) as second:
            await second.catch_up()
            assert second.status.lane(ZERO).restored_rows == 2
        assert verdicts(log) == [b"0:1", b"1:1", b"2:2"]

    in_virtual_time(scenario())


def test_the_next_batch_is_decided_while_one_commits_and_not_written() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"a")
        may_commit = asyncio.Event()

        async def hold_commits(operation: str, _: Partition) -> None:
            if operation == "commit":
                await may_commit.wait()

        log.step = hold_commits
        async with serving(Rig(log, batch_records_max=1)) as rig:
            await until(lambda: rig.handler.batches == [[0], [1]])
            assert verdicts(log) == []
            written = [record.value for record in log.stored(Partition("out", 0)).records]
            assert written == [b"0:1"]
            may_commit.set()
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"1:2"]

    in_virtual_time(scenario())


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_of_the_log_at_any_step_leaves_no_trace(step: str) -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"b")
        log.step = _failing(step, times=2)
        async with serving(Rig(log, batch_records_max=1)) as rig:
            await rig.catch_up()
            assert rig.status.lane(ZERO).failures == 2
            publish(log, b"a", b"a")
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"1:1", b"2:2", b"3:3"]
        assert rows(log) == {b"a": b"3", b"b": b"1"}

    in_virtual_time(scenario())


def test_pauses_double_between_failures_and_stay_bounded() -> None:
    async def scenario() -> None:
        log = new_log()
        opened_at: list[float] = []

        async def never_open(operation: str, _: Partition) -> None:
            if operation == "open":
                opened_at.append(asyncio.get_running_loop().time())
                raise LogFailure("away")

        log.step = never_open
        limits = LaneLimits(backoff_s_min=1, backoff_s_max=8)
        async with serving(Rig(log, limits=limits)) as rig:
            await until(lambda: len(opened_at) == 7)
            assert rig.status.lane(ZERO).state is LaneState.REOPENING
            assert not rig.status.ready
        pauses = [right - left for left, right in pairwise(opened_at)]
        for pause, longest in zip(pauses, (1, 2, 4, 8, 8, 8), strict=True):
            assert longest / 2 <= pause <= longest

    in_virtual_time(scenario())


@pytest.mark.parametrize("step", ["open", "restore", "commit"])
def test_what_hangs_is_given_up_after_its_deadline(step: str) -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        hanging = True

        async def hang_once(operation: str, _: Partition) -> None:
            nonlocal hanging
            if operation == step and hanging:
                hanging = False
                await asyncio.Event().wait()

        log.step = hang_once
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
            assert rig.status.lane(ZERO).failures == 1
        assert verdicts(log) == [b"0:1"]

    in_virtual_time(scenario())


def test_batches_that_get_lost_or_doubled_on_the_way_do_no_harm() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, *[b"a"] * 9)
        seen = 0

        def mishap(batch: FetchedBatch) -> Sequence[FetchedBatch]:
            nonlocal seen
            seen += 1
            return {2: [], 3: [batch, batch]}.get(seen, [batch])

        async with serving(Rig(log, batch_records_max=2, on_the_way=mishap)) as rig:
            await rig.catch_up()
            assert rig.status.lane(ZERO).batches_dropped > 0
            assert rig.status.lane(ZERO).failures == 0
        assert verdicts(log) == [b"%d:%d" % (n, n + 1) for n in range(9)]

    in_virtual_time(scenario())


def test_markers_and_aborted_records_move_the_position() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        aborted = log.begin()
        log.append(ZERO, (b"a", b"", ()), transaction=aborted)
        log.end(aborted, commit=False)
        async with serving(Rig(log)) as rig:
            await rig.catch_up()
            committed = log.begin()
            log.append(ZERO, (b"a", b"", ()), transaction=committed)
            log.end(committed, commit=True)
            await rig.catch_up()
        assert verdicts(log) == [b"0:1", b"3:2"]
        assert log.group_offsets[ZERO] == 5

    in_virtual_time(scenario())


def test_two_workers_that_both_believe_they_own_a_partition_decide_it_once() -> None:
    async def scenario() -> None:
        log = new_log()
        async with serving(Rig(log)) as zombie, serving(Rig(log, seed=1)) as owner:
            for _ in range(20):
                publish(log, b"a", b"b")
                await asyncio.sleep(0.05)
            await until(lambda: len(verdicts(log)) == 40)
            assert zombie.status.lane(ZERO).failures + owner.status.lane(ZERO).failures > 0
        assert [int(v.split(b":")[0]) for v in verdicts(log)] == list(range(40))
        assert rows(log) == {b"a": b"20", b"b": b"20"}

    in_virtual_time(scenario())
