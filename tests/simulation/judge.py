"""What is wrong with what a simulated run has left in the log, in sentences.

The independent auditor judges it all at the end; here it gets to see the log. What has to hold at
every moment of a run is judged here.
"""

import json
from collections.abc import Sequence

from agents.lane.memory import MemoryLog
from agents.lane.port import Partition
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.auditor.audit import differences
from tests.auditor.policy import Policy
from tests.auditor.records import Delivery, RawRecord
from tests.simulation.setup import CHANGELOG, PARTITIONS

POSITION_KEY = b"\x00position"


def findings(log: MemoryLog) -> list[str]:
    """Everything that is wrong at the end of a run; empty when all is as it has to be."""
    inputs = [Partition(DEVICE_EVENTS, number) for number in range(PARTITIONS)]
    return differences(
        _records(log, DEVICE_EVENTS),
        verdicts=_records(log, VERDICTS),
        decisions=_records(log, DECISIONS),
        dead_letters=_records(log, DEAD_LETTERS),
        device_states=_records(log, DEVICE_STATE),
        policy=Policy(version="1"),
        delivery=Delivery(
            changelog=_records(log, CHANGELOG),
            input_ends={partition.number: log.stored(partition).end for partition in inputs},
            committed={partition.number: offset for partition, offset in log.group_offsets.items()},
        ),
    )


def undurable_offsets(log: MemoryLog) -> list[str]:
    """Offsets of the group that lie beyond what the rows hold, at any moment of a run."""
    found = []
    for partition, committed in log.group_offsets.items():
        durable = _position(log, partition.number).get("next_offset", 0)
        if not isinstance(durable, int) or committed > durable:
            found.append(f"group offset {committed} of {partition}, and {durable} is durable")
    return found


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
