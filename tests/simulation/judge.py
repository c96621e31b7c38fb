"""What is wrong with what a simulated run has left in the log, in sentences.

The independent auditor judges everything that readers of the outputs see. Rows, positions and the
group's offsets are judged here: rows to the byte against the same handler without any lane, given
the whole input as one batch.
"""

import json
from collections.abc import Iterator, Sequence

from agents.core.policy import Policy as ProductPolicy
from agents.devices import DevicesAgent
from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.auditor.audit import differences
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.simulation.setup import CHANGELOG, PARTITIONS

POSITION_KEY = b"\x00position"


def findings(log: MemoryLog) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is as it has to be."""
    inputs = _records(log, DEVICE_EVENTS)
    return [
        *differences(
            inputs,
            verdicts=_records(log, VERDICTS),
            decisions=_records(log, DECISIONS),
            dead_letters=_records(log, DEAD_LETTERS),
            device_states=_records(log, DEVICE_STATE),
            policy=Policy(version="1"),
        ),
        *(text for number in range(PARTITIONS) for text in _of_position(log, number)),
        *(text for number in range(PARTITIONS) for text in _of_rows(log, number)),
    ]


def undurable_offsets(log: MemoryLog) -> list[str]:
    """Offsets of the group that lie beyond what the rows hold, at any moment of a run."""
    found = []
    for partition, committed in log.group_offsets.items():
        durable = _position(log, partition.number).get("next_offset", 0)
        if not isinstance(durable, int) or committed > durable:
            found.append(f"group offset {committed} of {partition}, and {durable} is durable")
    return found


def _of_position(log: MemoryLog, number: int) -> Iterator[str]:
    partition = Partition(DEVICE_EVENTS, number)
    end = log.stored(partition).end
    if not end:
        return
    due = {
        "topic": DEVICE_EVENTS,
        "next_offset": end,
        "partition_count": PARTITIONS,
        "row_format": 1,
    }
    written = _position(log, number)
    if written != due:
        yield f"wrong position of {partition}: {due} due, {written} written"
    if log.group_offsets.get(partition) != end:
        yield f"wrong group offset of {partition}: {end} due, {log.group_offsets.get(partition)}"


def _of_rows(log: MemoryLog, number: int) -> Iterator[str]:
    partition = Partition(DEVICE_EVENTS, number)
    inputs = log.readable(partition)
    due = DevicesAgent(ProductPolicy())(partition, {}, inputs).rows if inputs else {}
    written = {
        record.key: record.value
        for record in log.readable(Partition(CHANGELOG, number))
        if record.key != POSITION_KEY
    }
    for key in sorted(due.keys() | {key or b"" for key in written}):
        if due.get(key) != written.get(key):
            yield f"wrong row of {key.decode()} on {partition}"


def _position(log: MemoryLog, number: int) -> dict[str, object]:
    stored = log.stored(Partition(CHANGELOG, number))
    for record in reversed(stored.records):
        if record.key == POSITION_KEY and record.decided and record.readable:
            position: dict[str, object] = json.loads(record.value or b"")
            return position
    return {}


def _records(log: MemoryLog, topic: str) -> Sequence[RawRecord]:
    return [
        RawRecord(topic, number, each.offset, each.timestamp, each.key, each.value, each.headers)
        for number in range(PARTITIONS)
        for each in log.readable(Partition(topic, number))
    ]
