"""Biometrics never come into our possession: no field of any message could carry them.

Every field of every input, output, public state and row is walked by its type. A field holds a
bounded id, a word of a closed vocabulary, a whole number, a flag, an instant or one of the free
texts named here; nothing else, so that a new field that could hold more fails this test.
"""

import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from pydantic import ValidationError

from agents.core.state import DeviceState
from events import vocabulary
from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES, EnrollmentSubmitted, Fact
from events.public_state import PublicState
from events.verdicts import VERDICT_TYPES
from schemas.export import json_schemas
from schemas.strict_facts import strict_model
from tests.unit.schema_walk import UNBOUNDED, Exempt, fields, findings, open_objects
from tests.unit.sound_records import COMPLETE, SUBMITTED

MESSAGES = (*FACT_TYPES, *VERDICT_TYPES, *DECISION_TYPES, PublicState)
DIGESTS = {
    ("User", "old_keys"),
    ("DeviceState", "recent_events"),
    ("DeviceState", "used_challenges"),
}
"""64-bit digests of ids and challenges: the only bytes anywhere (design section 3)."""

FREE_TEXTS = {
    "reason_admin",  # an administrator's words
    "platform_code",  # the platform's name of an outcome
    "os_version",
    "app_version",
    "device_model",
    "device_signature",  # over a challenge, by a key that the phone made for this
    "challenge",
    "type",  # of a cause: a CloudEvents type
}

COPIES: Exempt = {
    **dict.fromkeys(DIGESTS, "digests of a fixed length"),
    # A row keeps what a bounded field of an event said, and nothing else.
    **{
        ("User", name): "an id of an event"
        for name in ("user_id", "key_id", "fallback_login_id", "guided_login_id")
    },
    **{("EllipticPoint", name): "at most 64 characters of base64url" for name in ("x", "y")},
    ("ErasureMark", "user_id"): "an id of an event, or its keyed mark",
    # Of the envelope, where every text is 1 to 128 printable characters.
    **{("Fact", name): "an attribute" for name in ("event_id", "source", "device_id")},
    ("Cause", "type"): "the name of an event type that was understood",
    ("PublicState", "users"): "by id, bounded, each value a struct",
}

DENIED = re.compile(
    r"template|image|photo|picture|selfie|video|frame|pixel|scan_data|score|similarity|confidence"
    r"|distance|threshold|minutia|ridge|landmark|embedding|feature|vector|hash|domain_state"
    r"|biometric_data|sample|raw|blob|payload|iris|voice|retina|liveness|depth_map|base64"
)


@pytest.mark.parametrize("message", [*MESSAGES, DeviceState])
def test_a_field_holds_an_id_a_word_a_number_a_flag_or_a_known_text(
    message: type[msgspec.Struct],
) -> None:
    known = {
        f"{owner.__name__}.{name}: {UNBOUNDED}"
        for owner, name, _ in fields(message)
        if name in FREE_TEXTS
    }
    assert [found for found in findings(message, COPIES) if found not in known] == []


def test_what_is_exempt_is_there() -> None:
    there = {
        (owner.__name__, name)
        for message in (*MESSAGES, DeviceState, Fact)
        for owner, name, _ in fields(message)
    }
    assert set(COPIES) <= there


PLANTED = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "float": float,
    "any": Any,
    "object": object,
    "raw": msgspec.Raw,
    "map": dict[str, str],
    "map of anything": dict[str, Any],
    "list": list[int],
    "set": frozenset[str],
    "text": str,
    "optional text": str | None,
    "long text": Annotated[str, msgspec.Meta(max_length=2000)],
    "texts": tuple[str, ...],
    "optional bytes": bytes | None,
    "bytes within": tuple[bytes, ...],
}


@pytest.mark.parametrize("planted", PLANTED)
def test_whatever_could_carry_more_is_found_also_deep_inside(planted: str) -> None:
    inner = msgspec.defstruct("Inner", [("ok", int), ("planted", PLANTED[planted])])
    outer = msgspec.defstruct("Outer", [("fine", bool), ("inner", tuple[inner, ...] | None)])  # type: ignore[valid-type]
    for message in (inner, outer):
        [found] = findings(message, {})
        assert found.startswith("Inner.planted: ")


@pytest.mark.parametrize("fact_type", FACT_TYPES)
def test_an_input_contract_takes_nothing_that_it_does_not_name(
    fact_type: type[msgspec.Struct],
) -> None:
    name: str = fact_type.event_type  # type: ignore[attr-defined]
    found = open_objects(json_schemas()[name])
    known = {f".{text}: {UNBOUNDED}" for text in FREE_TEXTS}
    assert [each for each in found if each not in known] == []


@pytest.mark.parametrize(
    "field",
    [
        {"type": "string"},
        {"type": "string", "maxLength": 2000},
        {"type": "string", "maxLength": 10, "contentEncoding": "base64"},
        {"type": "object"},
        {"type": "array", "items": {"type": "integer"}},
        {},
    ],
)
def test_an_open_field_of_a_contract_is_found(field: dict[str, object]) -> None:
    closed = {"type": "object", "additionalProperties": False}
    assert open_objects({**closed, "properties": {"planted": field}})
    assert open_objects({"type": "object", "properties": {}})
    assert not open_objects({**closed, "properties": {"fine": {"type": "integer"}}})


def test_the_row_keeps_no_free_text_of_an_event() -> None:
    names = {name for _, name, _ in fields(DeviceState)}
    assert not names & FREE_TEXTS
    assert names & {"old_keys", "recent_events", "used_challenges"} == {name for _, name in DIGESTS}


def test_signature_and_challenge_go_no_further() -> None:
    carried = {"device_signature", "challenge", "public_key"}
    for output in (*VERDICT_TYPES, *DECISION_TYPES, PublicState):
        assert not carried & {name for _, name, _ in fields(output)}


@pytest.mark.parametrize("message", [*MESSAGES, DeviceState])
def test_no_field_is_named_after_biometric_data(message: type) -> None:
    for owner, name, _ in fields(message):
        assert DENIED.search(name) is None, f"{owner.__name__}.{name}"


def test_no_word_names_biometric_data_but_the_way_a_change_was_seen() -> None:
    words = {
        word.value
        for kind in vars(vocabulary).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum)
        for word in kind
    }
    # How the app noticed a change; the platform's domain state itself has no field.
    assert {word for word in words if DENIED.search(word)} == {"domain_state"}


@pytest.mark.parametrize("name", json_schemas())
def test_no_contract_has_a_place_for_biometric_data(name: str) -> None:
    schema = json_schemas()[name]
    owners = [schema, *schema.get("$defs", {}).values()]
    for owner in owners:
        for field, described in owner.get("properties", {}).items():
            assert DENIED.search(field) is None, field
            assert described.get("contentEncoding") is None, field
            assert described.get("format") in {None, "date-time"}, field


@pytest.mark.parametrize("name", ["face_template", "image", "match_score", "domain_state"])
def test_a_publisher_that_sends_some_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        strict_model(EnrollmentSubmitted).model_validate(
            {**COMPLETE[SUBMITTED], name: "AA=="}, extra="forbid"
        )
