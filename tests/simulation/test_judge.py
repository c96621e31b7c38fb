"""The judge of simulated runs sees what the lane must never leave behind."""

import json
import re
from collections.abc import Callable

import pytest

from agents.device_rows import ROW_FORMAT
from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY, Position
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.simulation.judge import findings, undurable_offsets
from tests.simulation.report import summary
from tests.simulation.setup import CHANGELOG, PARTITIONS, everything, real_handler

ZERO, ROWS = Partition(DEVICE_EVENTS, 0), Partition(CHANGELOG, 0)


def _decided() -> MemoryLog:
    """A log with some events and everything that follows from them."""
    log, handler = MemoryLog(), real_handler()
    for topic in (DEVICE_EVENTS, VERDICTS, DECISIONS, DEAD_LETTERS, DEVICE_STATE, CHANGELOG):
        log.create_topic(topic, PARTITIONS)
    for raw in everything(1, 60):
        record = (raw.key, raw.value, raw.headers)
        log.append(Partition(raw.topic, raw.partition), record, timestamp=raw.timestamp_ms)
    for number in range(PARTITIONS):
        partition = Partition(DEVICE_EVENTS, number)
        end = log.stored(partition).end
        result = handler(partition, {}, log.readable(partition))
        for topic, records in result.outgoing.items():
            for record in records:
                log.append(Partition(topic, number), record)
        for topic, by_key in result.latest.items():
            for record, _ in by_key.values():
                log.append(Partition(topic, number), record)
        position = Position(DEVICE_EVENTS, end, PARTITIONS, ROW_FORMAT)
        for key, value in {**result.rows, POSITION_KEY: position.encode()}.items():
            log.append(Partition(CHANGELOG, number), (key, value, ()))
        log.group_offsets[partition] = end
    return log


def _last_key(log: MemoryLog, partition: Partition) -> bytes:
    return next(
        each.key for each in log.readable(partition) if each.key not in (None, POSITION_KEY)
    )


def _row_changes(log: MemoryLog) -> None:
    log.append(ROWS, (_last_key(log, ROWS), b"\x01other", ()))


def _row_goes(log: MemoryLog) -> None:
    log.append(ROWS, (_last_key(log, ROWS), None, ()))


def _row_of_nobody(log: MemoryLog) -> None:
    log.append(ROWS, (b"nobody", b"\x01", ()))


def _position_goes_back(log: MemoryLog) -> None:
    position = json.loads(log.readable(ROWS)[-1].value or b"")
    position["next_offset"] -= 1
    log.append(ROWS, (POSITION_KEY, json.dumps(position).encode(), ()))


def _group_runs_ahead(log: MemoryLog) -> None:
    log.group_offsets[ZERO] += 1


def _verdict_twice(log: MemoryLog) -> None:
    first = log.readable(Partition(VERDICTS, 0))[0]
    log.append(Partition(VERDICTS, 0), (first.key, first.value, first.headers))


def test_what_is_as_it_has_to_be_is_not_objected_to() -> None:
    log = _decided()
    assert findings(log) == []
    assert undurable_offsets(log) == []


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (_row_changes, r"row of \S+ on partition 0: "),
        (_row_goes, r"row of \S+ on partition 0: "),
        (_row_of_nobody, r"row of nobody on partition 0: "),
        (_position_goes_back, r"position of partition 0: wrong order: "),
        (_group_runs_ahead, r"wrong offset of the group on 0: "),
        (_verdict_twice, r"extra verdict \S+: written 2 times$"),
    ],
)
def test_harm_is_found(harm: Callable[[MemoryLog], None], finding: str) -> None:
    log = _decided()
    harm(log)
    assert any(re.match(finding, found) for found in findings(log))


@pytest.mark.parametrize("harm", [_position_goes_back, _group_runs_ahead])
def test_an_offset_of_the_group_that_is_ahead_is_found_at_any_time(
    harm: Callable[[MemoryLog], None],
) -> None:
    log = _decided()
    harm(log)
    [found] = undurable_offsets(log)
    assert found.startswith("group offset ")


def test_the_report_tells_faults_from_what_came_of_them() -> None:
    runs = [{"event": 1_000, "crash": 2, "output aborted": 7}, {"event": 500, "freeze": 3}]
    lines = list(summary(runs))
    assert lines[:3] == [
        "1,500 events in 2 runs, 5 faults:",
        "         3  freeze",
        "         2  crash",
    ]
    assert lines[-1] == "         7  output records aborted, which only careless readers see"
