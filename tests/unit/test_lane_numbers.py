# Goal: what a lane counts is what was committed, once; and a worker says why it does no work.
from collections.abc import Sequence

import pytest

from agents.lane.distribution import Distribution
from agents.lane.port import BatchResult, InputRecord, Partition, Rows
from agents.lane.status import Clocks, LaneState, LaneStatus, Step, WorkerStatus
from agents.lane.work import Done
from tests.unit.lane_rig import ZERO, Counting, Rig, new_log, publish, refusing, serving, until
from tests.unit.virtual_time import in_virtual_time


class CountingKeys(Counting):
    """Says how many records it saw of each key."""

    def __call__(
        self, partition: Partition, rows: Rows, records: Sequence[InputRecord]
    ) -> BatchResult:
        result = super().__call__(partition, rows, records)
        return result._replace(counts={("seen",): len(records)})


def test_a_distribution_counts_a_value_at_a_bound_below_it() -> None:
    values = Distribution((1, 2))
    for value in (0.5, 1, 1.5, 2, 2.5):
        values.add(value)
    values.add(100, 3)
    assert values.counts == [2, 2, 4]
    assert values.total == pytest.approx(7.5 + 300)


def test_an_age_is_from_the_record_s_timestamp_to_the_commit_and_never_below_nothing() -> None:
    lane = LaneStatus(clocks=Clocks(lambda: 10_000, lambda: 0.0))
    done = Done()
    done.events, done.last_timestamp_ms = 3, 10_400
    done.timestamps.update([9_000, 9_000, 10_400])
    lane.commit(7, done, 0.5)
    assert (lane.position, lane.committed_ms, lane.events) == (7, 10_000, 3)
    assert lane.latency_s.total == pytest.approx(2)
    assert lane.latency_s.counts[lane.latency_s.bounds.index(1.0)] == 2
    assert lane.clock_behind_ms == 400
    assert lane.transaction_s.total == pytest.approx(0.5)


def test_what_a_handler_counts_is_counted_when_it_is_committed_and_once() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a", b"b", b"a", b"c")
        rig = Rig(log, CountingKeys(refusing(2)))
        async with serving(rig):
            await rig.reach(LaneState.PARKED)
            lane = rig.status.lane(ZERO)
            # Everything was decided again after the record at offset 2 had raised.
            assert lane.counts == {("seen",): 2}
            assert (lane.events, lane.rows, sum(lane.latency_s.counts)) == (2, 2, 2)
            assert lane.batch_events.total == 2
            assert set(lane.step_s) == set(Step)

    in_virtual_time(scenario())


def test_a_worker_says_why_it_does_no_work() -> None:
    async def scenario() -> None:
        log = new_log()
        publish(log, b"a")
        rig = Rig(log, Counting(refusing(0)))
        assert rig.status.obstacles == ["it is not a member of its group yet"]
        async with serving(rig):
            await rig.reach(LaneState.PARKED)
            [reason] = rig.status.obstacles
            assert reason.startswith("in/0 is parked: offset 0 cannot be decided")
            assert not rig.status.ready

    in_virtual_time(scenario())


def test_a_worker_is_not_ready_while_the_group_deals_its_partitions_out() -> None:
    async def scenario() -> None:
        rig = Rig(new_log())
        async with serving(rig):
            await until(lambda: rig.status.ready)
            await rig.lanes.hold()
            assert rig.status.obstacles == ["the group deals its partitions out"]
            await rig.lanes.assign([ZERO], lambda: True)
            await until(lambda: rig.status.ready)

    in_virtual_time(scenario())


def test_recovering_and_a_missing_input_are_said() -> None:
    status = WorkerStatus(rebalances=1)
    assert status.ready  # more workers than partitions: nothing to do, and able to
    status.input_is_missing = True
    assert "input topic does not exist" in status.obstacles[0]
    status.input_is_missing = False
    status.assigned = frozenset({ZERO})
    lane = status.lane(ZERO)
    lane.state = LaneState.OPENING
    lane.recovers(1200)
    assert status.obstacles == ["in/0 is recovering: 1200 changelog offsets to read"]
    lane.recovers(0)
    assert status.obstacles == ["in/0 is opening"]
    lane.state = LaneState.REOPENING
    assert status.obstacles == ["in/0 is reopening"]
