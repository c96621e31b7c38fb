"""Records as they lie on topics for good: every later version reads them as this one does.

The files under tests/golden are frozen and never written by a test. Where one of these tests fails,
the code is wrong, not the file: topics, changelogs and other people's systems hold such records.
What a later version writes otherwise gets a golden record of its own beside the old one.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents.core.state import DeviceState
from agents.device_rows import ROW_FORMAT, decode_row, encode_row
from events import vocabulary
from events.decisions import DECISION_TYPES, Decision
from events.facts import FACT_TYPES, DeviceErased, Fact
from events.public_state import PublicState
from events.verdicts import VERDICT_TYPES, Applied, Cause, Verdict
from events.vocabulary import Guidance
from schemas.dead_letters import Origin, dead_letter
from schemas.inputs import decode
from schemas.malformed import MalformedCode
from schemas.outputs import public_state_record, public_state_value, verdict_and_decisions

GOLDEN = Path(__file__).parents[1] / "golden"
OUTPUTS = {output.event_type: output for output in (*VERDICT_TYPES, *DECISION_TYPES)}
Bytes = str | dict[str, str] | None


def golden(folder: str) -> pytest.MarkDecorator:
    """Run a test on each golden record of a folder."""
    files = sorted((GOLDEN / folder).glob("*.json"))
    frozen = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return pytest.mark.parametrize("frozen", frozen, ids=[file.stem for file in files])


def raw(frozen: Bytes) -> bytes | None:
    """Bytes as they were frozen: text where they are UTF-8, hexadecimal elsewhere."""
    if frozen is None:
        return None
    return frozen.encode() if isinstance(frozen, str) else bytes.fromhex(frozen["hex"])


def record(frozen: dict[str, Any]) -> tuple[bytes | None, bytes | None, list[tuple[str, Any]]]:
    """Key, value and headers of a frozen record."""
    headers = [(name, raw(value)) for name, value in frozen["headers"]]
    return raw(frozen["key"]), raw(frozen["value"]), headers


def written(output: Any) -> tuple[Any, Any, list[tuple[str, Any]]]:  # noqa: ANN401 - an output record
    """A record that was written now, in the same form."""
    key, value, headers = output
    return key, value, list(headers)


def as_far_as(known: Any, read: Any) -> Any:  # noqa: ANN401 - JSON
    """What was read, without fields that only a later version knows."""
    if not isinstance(known, dict):
        return read
    return {name: as_far_as(value, read[name]) for name, value in known.items()}


@golden("inputs")
def test_an_input_is_read_as_ever(frozen: dict[str, Any]) -> None:
    key, value, headers = record(frozen["record"])
    place = {
        "timestamp_ms": frozen["record"]["timestamp_ms"],
        "offset": frozen["record"]["offset"],
    }
    fact = decode(key, value, headers, **place)
    expected = frozen["reads_as"]
    read = {name: getattr(fact, name) for name in expected if name not in {"type", "data"}}
    data = msgspec.to_builtins(fact.data)
    known = as_far_as(expected["data"], data)
    assert read | {"type": fact.data.event_type, "data": known} == expected


@golden("outputs")
def test_an_output_is_read_and_written_as_ever(frozen: dict[str, Any]) -> None:
    key, value, headers = record(frozen["record"])
    output_type = OUTPUTS[dict(headers)["ce_type"].decode()]
    output = msgspec.convert(frozen["reads_as"], output_type)
    assert msgspec.json.decode(value or b"", type=output_type) == output
    later = (value or b"")[:-1] + b',"later":{"a":[1]}}'
    assert msgspec.json.decode(later, type=output_type) == output

    origin = frozen["written_from"]
    fact = Fact(
        event_id=origin["event_id"],
        source="/backend",
        device_id=origin["device_id"],
        occurred_at_ms=0,
        now_ms=origin["now_ms"],
        offset=0,
        data=DeviceErased(),
    )
    outputs = _written_with(origin["origin"], fact, output)
    assert written(outputs[origin["index"]]) == (key, value, headers)


def _written_with(origin: str, fact: Fact, output: Verdict | Decision) -> list[Any]:
    if isinstance(output, VERDICT_TYPES):
        return [verdict_and_decisions(origin, fact, output, [])[0]]
    verdict = Applied(
        device_id="phone-1",
        policy_version="1",
        occurred_at="2026-01-31T23:59:59.999Z",
        cause=Cause("biolatch.device.erased.v1", "/backend"),
        guidance=Guidance.NONE,
    )
    first, decisions = verdict_and_decisions(origin, fact, verdict, [output])
    return [first, *decisions]


@golden("states")
def test_a_public_state_is_read_and_written_as_ever(frozen: dict[str, Any]) -> None:
    key, value, headers = record(frozen["record"])
    state = None
    if frozen["reads_as"] is not None:
        state = msgspec.convert(frozen["reads_as"], PublicState)
        assert msgspec.json.decode(value or b"", type=PublicState) == state
        assert list(json.loads(value or b"")["users"]) == list(frozen["reads_as"]["users"])
    origin = frozen["written_from"]["origin"]
    assert written(public_state_record(key or b"", origin, public_state_value(state))) == (
        key,
        value,
        headers,
    )


@golden("dead_letters")
def test_a_dead_letter_is_written_as_ever(frozen: dict[str, Any]) -> None:
    source = frozen["written_from"]
    key, value, headers = record(source["original"])
    place = (source["topic"], source["partition"], source["offset"], source["timestamp_ms"])
    letter = dead_letter(
        key,
        value,
        headers,
        origin=Origin(*place),
        code=source["code"],
        message=source["message"],
    )
    assert written(letter) == record(frozen["record"])


@golden("rows")
def test_a_row_is_read_as_ever_and_the_newest_format_written(frozen: dict[str, Any]) -> None:
    row = raw(frozen["row"]) or b""
    state = decode_row(row)
    assert as_far_as(frozen["reads_as"], _named(state)) == frozen["reads_as"]
    later = {name: getattr(state, name) for name in _named(state).keys() - frozen["reads_as"]}
    defaults = dict(_defaults(state))
    assert later == {name: defaults[name] for name in later}
    written_now = encode_row(state)
    assert decode_row(written_now) == state
    assert (written_now == row) == (row[0] == ROW_FORMAT)


def _named(value: Any) -> Any:  # noqa: ANN401 - any part of a row
    """A part of a row by the names of its fields."""
    if isinstance(value, msgspec.Struct):
        return {name: _named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_named(item) for item in value]
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def test_the_row_with_every_field_leaves_no_field_at_its_default() -> None:
    file = GOLDEN / "rows" / f"format-{ROW_FORMAT}-every-field.json"
    row = json.loads(file.read_text(encoding="utf-8"))
    state = decode_row(raw(row["row"]) or b"")
    assert [name for name, default in _defaults(state) if getattr(state, name) == default] == []
    user = state.users[0]
    assert [name for name, default in _defaults(user) if getattr(user, name) == default] == []
    assert isinstance(state, DeviceState)


def _defaults(struct: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    names = struct.__struct_fields__[-len(struct.__struct_defaults__) :]
    yield from zip(names, struct.__struct_defaults__, strict=True)


def test_every_event_type_has_a_golden_record() -> None:
    inputs = {file.stem for file in (GOLDEN / "inputs").iterdir()}
    outputs = {file.stem for file in (GOLDEN / "outputs").iterdir()}
    assert {data_type.event_type for data_type in FACT_TYPES} <= inputs
    assert set(OUTPUTS) <= outputs


def test_no_word_was_ever_taken_back() -> None:
    frozen = json.loads((GOLDEN / "words.json").read_text(encoding="utf-8"))
    enums = {name: kind for name, kind in vars(vocabulary).items() if _is_words(kind)}
    present = {name: [word.value for word in kind] for name, kind in enums.items()}
    present["MalformedCode"] = [code.value for code in MalformedCode]
    assert {name: set(frozen[name]) - set(words) for name, words in present.items()} == {
        name: set() for name in present
    }
    assert frozen == present, "add a new word to the file: from now on it is forever"


def _is_words(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
