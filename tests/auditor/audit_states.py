"""Public states: each record against the model as of the position it names, the last at the end."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from tests.auditor.audit_forms import parsed, value_differences
from tests.auditor.model import Model
from tests.auditor.records import RawRecord

AS_OF = "biolatch-as-of"
_Position = tuple[str, int, int]
_State = dict[str, Any] | None


class StateAudit:
    """Collects what the model says at each position that a state record names."""

    def __init__(self, written: Sequence[RawRecord], topic: str) -> None:
        self._topic = topic
        self._written = sorted(written, key=lambda record: (record.partition, record.offset))
        self._wanted: dict[_Position, set[str]] = defaultdict(set)
        self._at: dict[tuple[_Position, str], _State] = {}
        for record in self._written:
            position = _as_of(record)
            if position is not None and record.key is not None:
                self._wanted[position].add(_name(record))

    def after(self, record: RawRecord, model: Model) -> None:
        """Note the states that some record claims to have had after this input record."""
        position = (record.topic, record.partition, record.offset)
        for device_id in self._wanted.get(position, ()):
            state = model.public_state(record.topic, record.partition, device_id)
            self._at[position, device_id] = state

    def differences(self, model: Model) -> list[str]:
        """Every record, then what each key was left with."""
        found: list[str] = []
        last: dict[tuple[int, str], RawRecord] = {}
        for record in self._written:
            name = f"state of {_name(record)} at {record.partition}/{record.offset}"
            before = last.get((record.partition, _name(record)))
            found.extend(f"{name}: {text}" for text in self._of_record(record, before))
            last[record.partition, _name(record)] = record
        due = {
            (partition, device_id): state
            for topic, partition, device_id in model.devices()
            if (state := model.public_state(topic, partition, device_id)) is not None
        }
        for partition, device_id in sorted(due.keys() | last.keys()):
            end, state = last.get((partition, device_id)), due.get((partition, device_id))
            if end is None:
                found.append(f"missing state of {device_id} on partition {partition}: {state}")
                continue
            texts = _state_differences(state, end)
            found.extend(f"final state of {device_id} on {partition}: {text}" for text in texts)
        return found

    def _of_record(self, record: RawRecord, before: RawRecord | None) -> Iterator[str]:
        if record.topic != self._topic:
            yield f"wrong topic: {self._topic} due, {record.topic} written"
        position = _as_of(record)
        if position is None:
            yield f"no header {AS_OF} that names a position"
            return
        if (position, _name(record)) not in self._at or position[1] != record.partition:
            yield f"wrong {AS_OF}: {position} is no position of this device's input"
            return
        yield from _state_differences(self._at[position, _name(record)], record)
        if before is None:
            return
        earlier = _as_of(before)
        if earlier is not None and earlier[2] > position[2]:
            yield f"wrong order: as of {position[2]} written after as of {earlier[2]}"
        if before.value is not None and parsed(before.value) == parsed(record.value):
            yield "written again though nothing changed"


def _state_differences(due: _State, record: RawRecord) -> Iterator[str]:
    if due is None:
        if record.value is not None:
            yield f"a tombstone due, {record.value!r} written"
    else:
        yield from value_differences("value", due, parsed(record.value))


def _as_of(record: RawRecord) -> _Position | None:
    values = [value for name, value in record.headers if name == AS_OF]
    if len(values) != 1 or values[0] is None:
        return None
    topic, _, rest = values[0].decode(errors="replace").partition("/")
    partition, _, offset = rest.partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        return None
    return topic, int(partition), int(offset)


def _name(record: RawRecord) -> str:
    return "(no key)" if record.key is None else record.key.decode(errors="replace")
