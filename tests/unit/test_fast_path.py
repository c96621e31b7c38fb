"""The fast reader of binary-mode data must never say anything that the exact reader would not.

JSON readers differ on duplicate names, on what is whitespace, on half a surrogate pair. The fast
path takes what pydantic reads and proves by counting that nothing of that kind is in it. Here
objects are written in every way that could fool the count.
"""

import json
from collections.abc import Callable

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from events.errors import MalformedInput
from events.facts import AnyFactData
from schemas.inputs import UnknownFields, _read_binary, _read_parsed
from schemas.strict_json import read_object
from tests.unit.generated import STABLE
from tests.unit.sound_records import CHANGED, COMPLETE, DATA_TYPES, DECLINED, FINISHED, SUBMITTED

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


def outcome(reading: Callable[[], AnyFactData]) -> AnyFactData | str:
    """What a reader says: the data, or the code of its refusal."""
    try:
        return reading()
    except MalformedInput as error:
        return error.code


@pytest.mark.parametrize("event_type", [FINISHED, SUBMITTED, CHANGED, DECLINED])
def test_both_readers_agree(event_type: str) -> None:
    data_type = DATA_TYPES[event_type]
    unknown: st.SearchStrategy[UnknownFields] = st.sampled_from(["ignore", "forbid"])

    @settings(STABLE, max_examples=200)
    @given(objects(event_type), unknown)
    def check(value: bytes, unknown_fields: UnknownFields) -> None:
        fast = outcome(lambda: _read_binary(data_type, value, unknown_fields))
        exact = outcome(lambda: _read_parsed(data_type, read_object(value), unknown_fields))
        event(exact if isinstance(exact, str) else "sound")
        assert fast == exact

    check()
