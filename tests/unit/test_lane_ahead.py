# Goal: while records are decided the next ones are prepared, and nothing else changes by that.
import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from agents.lane.port import Headers, InputRecord, Rows
from agents.lane.status import LaneState
from tests.unit.lane_rig import (
    ZERO,
    Counting,
    Rig,
    new_log,
    publish,
    refusing,
    rows,
    serving,
    until,
    verdicts,
)
from tests.unit.virtual_time import in_virtual_time

RECORDS = 1000
AT_ONCE, AHEAD = 64, 4


class Prepared(NamedTuple):
    """A record that was prepared."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Preparing(Counting):
    """Counts what was prepared, and takes its time for it: the later ones are done first."""

    def __init__(self, *refused: int, slow: bool = True, wait_s: float = 1) -> None:
        super().__init__(refusing(*refused) if refused else None)
        self.ahead_max = 0
        self.pending = 0
        self._slow = slow
        self._wait_s = wait_s
        self._turn = 0

    def prepare(
        self, rows: Rows, records: Sequence[InputRecord]
    ) -> asyncio.Future[Sequence[InputRecord]] | None:
        del rows
        if not self._slow:
            return None
        self.pending += 1
        self.ahead_max = max(self.ahead_max, self.pending)
        self._turn += 1
        return asyncio.ensure_future(self._prepared(records, self._wait_s / self._turn))

    async def _prepared(
        self, records: Sequence[InputRecord], wait_s: float
    ) -> Sequence[InputRecord]:
        try:
            await asyncio.sleep(wait_s)
        finally:
            self.pending -= 1
        return [Prepared(r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]


def rig_of(handler: Counting) -> Rig:
    log = new_log()
    publish(log, *(b"%d" % (number % 7) for number in range(RECORDS)))
    return Rig(log, handler, batch_records_max=RECORDS)


def drained(handler: Counting) -> Rig:
    rig = rig_of(handler)

    async def scenario() -> None:
        async with serving(rig):
            await rig.catch_up()

    in_virtual_time(scenario())
    return rig


def test_what_is_prepared_leads_to_what_is_not_prepared() -> None:
    slow, quick, plain = Preparing(), Preparing(slow=False), Counting()
    rigs = [drained(handler) for handler in (slow, quick, plain)]
    assert slow.batches == quick.batches == plain.batches
    assert [len(verdicts(rig.log)) for rig in rigs] == [RECORDS] * 3
    assert verdicts(rigs[0].log) == verdicts(rigs[1].log) == verdicts(rigs[2].log)
    assert rows(rigs[0].log) == rows(rigs[1].log) == rows(rigs[2].log)


def test_no_more_is_prepared_than_others_need() -> None:
    handler = Preparing()
    drained(handler)
    assert handler.ahead_max == AHEAD
    assert handler.pending == 0


@pytest.mark.parametrize("offset", [0, 70, AT_ONCE * 3, RECORDS - 1])
def test_a_record_that_cannot_be_decided_stops_at_itself_all_the_same(offset: int) -> None:
    handler = Preparing(offset)
    rig = rig_of(handler)

    async def scenario() -> None:
        async with serving(rig):
            await rig.reach(LaneState.PARKED)
            assert rig.status.lane(ZERO).position == offset
            assert f"offset {offset} cannot be decided" in (
                rig.status.lane(ZERO).parked_reason or ""
            )
            await asyncio.sleep(0)  # whatever was given up has ended
            assert handler.pending == 0

    in_virtual_time(scenario())
    assert len(verdicts(rig.log)) == offset


def test_a_lane_that_closes_gives_up_what_is_being_prepared() -> None:
    handler = Preparing(wait_s=3600)
    rig = rig_of(handler)

    async def scenario() -> None:
        async with serving(rig):
            await until(lambda: handler.pending == AHEAD)
        await asyncio.sleep(0)
        assert handler.pending == 0

    in_virtual_time(scenario())
    assert verdicts(rig.log) == []
