"""A roll-out that changes the row format, forwards, back and forwards again, under load.

Forwards, the new version reads the old rows and writes new ones. Back, the old version refuses
partitions with new rows: it does not serve them, and spoils nothing. Forwards again, they go on.
"""

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from schemas.topics import topology
from tests.auditor.changelog import KEY_ID_KEY, LANE_KEYS, POSITION_KEY, ROW_FORMAT
from tests.auditor.records import RawRecord
from tests.faults.campaign import CATCH_UP_S_MAX, PARTITIONS, Campaign, campaign
from tests.faults.campaign_judgement import Evidence, Judgement, judge
from tests.faults.campaign_size import COUNTS
from tests.faults.devices_worker import POLICY, DevicesWorker
from tests.faults.older_worker import FORMAT as OLD_FORMAT

OLDER = (sys.executable, str(Path(__file__).with_name("older_worker.py")))
CHANGELOG = topology().devices_changelog.name
GUARD_OFF = replace(POLICY, attempts_per_minute=0)
"""Format 1 has no place for the flood guard's bucket, and its version had no flood guard."""

SAID_S_MAX = 60.0

pytestmark = [pytest.mark.drill, pytest.mark.timeout(max(600, COUNTS.run_s_max))]


async def test_a_new_row_format_is_rolled_out_and_never_spoilt_by_the_old_one() -> None:
    async with campaign("row-formats", equip=_older, judged_by=_judge) as running:
        await running.calm(2, 4)
        await _roll(running, DevicesWorker.program, says="lane.serving")
        await _moved_on(running)  # so every partition has a position of the new format
        await _roll(running, OLDER, says="lane.parked")
        assert [worker.said("lane.serving") for worker in running.workers] == [0] * 3
        await running.calm(2, 4)
        await _roll(running, DevicesWorker.program, says="lane.serving")


def _older(worker: DevicesWorker) -> None:
    """The old version, as a static member: its partitions wait for it, whichever version it is."""
    worker.program = OLDER
    worker.environment |= {
        "BIOLATCH_MEMBERSHIP__INSTANCE_ID": worker.log.stem,
        "BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S": "30",
        "BIOLATCH_POLICY__ATTEMPTS_PER_MINUTE_MAX": "0",
    }


async def _roll(running: Campaign, program: tuple[str, ...], *, says: str) -> None:
    for worker in running.workers:
        assert await worker.end(signal.SIGTERM) == 0
        worker.program = program
        await worker.start()
        await worker.joined()
        async with asyncio.timeout(SAID_S_MAX):
            while not worker.said(says):  # noqa: ASYNC110 - its log tells later
                await asyncio.sleep(0.05)
    running.faults[f"all workers replaced, {says.removeprefix('lane.')} afterwards"] += 1


async def _moved_on(running: Campaign) -> None:
    """Wait until every partition is further than it is now."""
    before = await running.watch.committed()
    async with asyncio.timeout(CATCH_UP_S_MAX):
        while True:
            now = await running.watch.committed()
            if all(now[number] > before.get(number, 0) for number in range(PARTITIONS)):
                return
            await asyncio.sleep(0.2)


def _judge(evidence: Evidence) -> Judgement:
    """As ever; what is still of the old format is judged as what the new version reads it as."""
    by_topic = evidence.by_topic
    rows = [record for record in by_topic[CHANGELOG] if record.key not in LANE_KEYS]
    formats = {(record.value or b"?")[0] for record in rows}
    assert formats == {OLD_FORMAT, ROW_FORMAT}
    changelog = [_upcast(record) for record in by_topic[CHANGELOG]]
    return judge(
        replace(evidence, delivery=evidence.delivery._replace(changelog=changelog)),
        policy=GUARD_OFF,
    )


def _upcast(record: RawRecord) -> RawRecord:
    value = record.value
    if value is None or record.key == KEY_ID_KEY:
        return record
    if record.key == POSITION_KEY:
        position = json.loads(value)
        assert position["row_format"] in {OLD_FORMAT, ROW_FORMAT}
        return record._replace(value=json.dumps(position | {"row_format": ROW_FORMAT}).encode())
    if value[0] != OLD_FORMAT:
        return record
    fields = msgspec.msgpack.decode(value[1:])
    return record._replace(value=bytes([ROW_FORMAT]) + msgspec.msgpack.encode([*fields, 0, b""]))
