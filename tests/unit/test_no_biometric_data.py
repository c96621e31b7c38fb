"""Biometrics never come into our possession: no field of any message could carry them.

Every field of every input, output, public state and row is walked by its type. A field holds a
bounded id, a word of a closed vocabulary, a whole number, a flag, an instant or one of the free
texts named here; nothing else, so that a new field that could hold more fails this test.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from pydantic import ValidationError

from agents.core.state import DeviceState
from events import vocabulary
from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES, EnrollmentSubmitted, InstantMs
from events.public_state import PublicState
from events.scalars import Id, PolicyVersion
from events.timestamps import Rfc3339
from events.verdicts import VERDICT_TYPES
from schemas.export import json_schemas
from schemas.strict_facts import strict_model
from tests.unit.sound_records import COMPLETE, SUBMITTED

MESSAGES = (*FACT_TYPES, *VERDICT_TYPES, *DECISION_TYPES, PublicState)
BOUNDED_TEXTS = (Id, PolicyVersion, Rfc3339, InstantMs)
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
    "x",  # coordinates of a public key, bounded
    "y",
}

DENIED = re.compile(
    r"template|image|photo|picture|selfie|video|frame|pixel|scan_data|score|similarity|confidence"
    r"|distance|threshold|minutia|ridge|landmark|embedding|feature|vector|hash|domain_state"
    r"|biometric_data|sample|raw|blob|payload|iris|voice|retina|liveness|depth_map|base64"
)


def parts(annotation: Any) -> Iterator[Any]:  # noqa: ANN401 - any annotation
    """What an annotation is made of, down to its last types."""
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if annotation in BOUNDED_TEXTS:
        yield from ()
    elif origin is Annotated:
        yield from parts(arguments[0])
    elif origin in (Union, UnionType, tuple, dict):
        for argument in arguments:
            yield from parts(argument)
    elif origin is not Literal and annotation is not ...:
        yield annotation


def fields(message: type[msgspec.Struct]) -> Iterator[tuple[type, str, Any]]:
    """Every field of a message and of what is nested in it: owner, name, annotation."""
    hints = get_type_hints(message, include_extras=True)
    for name in message.__struct_fields__:
        yield message, name, hints[name]
        for part in parts(hints[name]):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from fields(part)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_field_holds_an_id_a_word_a_number_a_flag_or_a_known_text(message: type) -> None:
    for owner, name, annotation in fields(message):
        for part in parts(annotation):
            where = f"{owner.__name__}.{name}: {part}"
            assert isinstance(part, type), where
            is_nested = issubclass(part, StrEnum | msgspec.Struct)
            assert is_nested or part in {str, int, bool, NoneType}, where
            assert part is not str or name in FREE_TEXTS, where


@pytest.mark.parametrize("message", [*MESSAGES, DeviceState])
def test_no_field_is_a_free_form_map_or_anything(message: type) -> None:
    for owner, name, annotation in fields(message):
        for part in (annotation, *get_args(annotation)):
            where = f"{owner.__name__}.{name}"
            assert part not in (Any, object, dict, list, bytearray, memoryview, float), where
            if get_origin(part) is dict:
                assert (owner, name) == (PublicState, "users"), where
            assert part is not bytes or (owner.__name__, name) in DIGESTS, where


def test_the_row_keeps_no_free_text_of_an_event() -> None:
    names = {name for _, name, _ in fields(DeviceState)}
    assert not names & (FREE_TEXTS - {"x", "y"})
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
