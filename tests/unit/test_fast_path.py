"""The short way to a fact must never say anything that the exact reader would not.

JSON readers differ on duplicate names, on what is whitespace, on half a surrogate pair. The short
way takes what msgspec reads and proves by counting that nothing of that kind is in it. Here objects
are written in every way that could fool the count, and envelopes in every way that could slip by.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from events.errors import MalformedInput
from events.facts import Fact
from schemas.inputs import _read_exactly
from schemas.validation import UnknownFields
from tests.unit.generated import STABLE
from tests.unit.sound_records import (
    CHANGED,
    COMPLETE,
    DECLINED,
    FINISHED,
    SUBMITTED,
    Record,
    binary,
    compact,
    read,
)

TRICKY_TEXTS = (
    '":',
    '":"',
    ':"',
    '"',
    "\\",
    '\\":',
    '{"seq":1}',
    "a: b",
    "",
    "é",
    "\x7f",
    "\u2028",
)
SPACES = st.sampled_from([" ", "\t", "\n", "\r", " \n", "\x0b", "\u00a0"])
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(TRICKY_TEXTS)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "seq", "x", '":']), inner, max_size=3)
    ),
    max_leaves=4,
)
RAW_VALUES = JSON_VALUES.map(json.dumps) | st.sampled_from(
    [
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"kty":"EC","crv":"P-256","x":"A","y":"A","y":"B"}',
        '{"kty":"EC","crv":"P-256","x":"A","y":"A","d":"B"}',
        '{"kty":"EC" ,"crv":"P-256","x":"A","x" :"B","y":"A"}',
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        "NaN",
        "-Infinity",
        "1e999",
        "01",
        "'a'",
        "",
    ]
)


@st.composite
def spelt_names(draw: st.DrawFn, names: list[str]) -> str:
    """A member's name as JSON, one character now and then as an escape."""
    name = draw(st.sampled_from(names))
    text = json.dumps(name)[1:-1]
    if name.isalpha() and draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(name) - 1))
        text = f"{name[:place]}\\u{ord(name[place]):04x}{name[place + 1 :]}"
    return f'"{text}"'


@st.composite
def objects(draw: st.DrawFn, event_type: str) -> bytes:
    """An event's data, sound but for up to two members too many, too few or replaced."""
    sound = dict(COMPLETE[event_type])
    members = [(json.dumps(name), json.dumps(value)) for name, value in sound.items()]
    names = spelt_names([*sound, "unknown", "", "x", "d", *TRICKY_TEXTS])
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(members)))
        if draw(st.booleans()):
            members.insert(place, draw(st.sampled_from(members)))
        else:
            _, value = draw(st.sampled_from(members))
            replaced = draw(st.integers(0, 1))
            members[place : place + replaced] = [(draw(names), draw(st.just(value) | RAW_VALUES))]
    spaced = draw(st.integers(-3, len(members) - 1))
    if spaced >= 0:
        name, raw = members[spaced]
        members[spaced] = (name + draw(SPACES), raw)
    separator = draw(st.sampled_from([",", ", ", "\n,"]))
    text = separator.join(f"{name}:{raw}" for name, raw in members)
    tail = draw(st.sampled_from(["}"] * 9 + ["", "}}", ",}", "} 1", "}\n", "}\x00"]))
    return f"{{{text}{tail}".encode()


def outcome(reading: Callable[[], Fact]) -> Fact | str:
    """What a reader says: the fact, or the code of its refusal."""
    try:
        return reading()
    except MalformedInput as error:
        return error.code


def agree(record: Record, unknown_fields: UnknownFields) -> None:
    """Hold what is said of a record against what the exact reader says of it."""
    said = outcome(lambda: read(record, unknown_fields))
    exact = outcome(
        lambda: _read_exactly(
            record.key,
            record.value,
            record.headers,
            record.timestamp,
            record.offset,
            unknown_fields,
        )
    )
    event(exact if isinstance(exact, str) else "sound")
    assert said == exact


UNKNOWN: st.SearchStrategy[UnknownFields] = st.sampled_from(["ignore", "forbid"])


@pytest.mark.parametrize("event_type", [FINISHED, SUBMITTED, CHANGED, DECLINED])
def test_both_readers_agree_on_the_data(event_type: str) -> None:
    @settings(STABLE, max_examples=200)
    @given(objects(event_type), UNKNOWN)
    def check(value: bytes, unknown_fields: UnknownFields) -> None:
        agree(binary(event_type, value), unknown_fields)

    check()


HEADER_VALUES = st.sampled_from(
    [
        None,
        b"",
        b"1.0",
        b"1.1",
        b"event-1",
        b"x" * 128,
        b"x" * 129,
        b"a\x7f",
        b"\xff",
        b"a\nb",
        "\u00e9".encode(),
        FINISHED.encode(),
        b"biolatch.attempt.finished.v2",
        b"phone-1",
        b"application/json",
        b"Application/JSON",
        b"application/json; charset=utf-8",
        b"2026-01-31T23:59:59.999Z",
        b"2026-01-31T23:59:60.000Z",
        b"2026-01-31t23:59:59Z",
        b"2026-01-31T23:59:59.9999+01:00",
        b"2026-02-30T00:00:00.000Z",
        b"2026-01-31T23:59:59.12\xb2Z",
        b"0000-01-31T23:59:59.999Z",
    ]
)


@settings(STABLE, max_examples=600)
@given(st.data())
def test_both_readers_agree_on_the_envelope(data: st.DataObject) -> None:
    record = binary(FINISHED, compact(COMPLETE[FINISHED]))
    names = [name for name, _ in record.headers]
    for _ in range(data.draw(st.integers(0, 2))):
        name = data.draw(st.sampled_from(names))
        if name in dict(record.headers):
            match data.draw(st.integers(0, 2)):
                case 0:
                    record = record.without_header(name)
                case 1:
                    record = record.with_more_headers((name, data.draw(HEADER_VALUES)))
                case _:
                    record = record.with_header(name, data.draw(HEADER_VALUES))
    if data.draw(st.booleans()):
        record = replace(record, headers=tuple(data.draw(st.permutations(record.headers))))
    if data.draw(st.integers(0, 4)) == 0:
        record = replace(record, key=data.draw(HEADER_VALUES))
    if data.draw(st.integers(0, 4)) == 0:
        record = replace(record, timestamp=data.draw(st.sampled_from([-1, 0, 2**60])))
    agree(record, "ignore")
