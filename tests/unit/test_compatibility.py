# Goal: no change to a contract that could break somebody passes; what is harmless does.
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from events.facts import FACT_TYPES
from schemas.asyncapi_messages import EXAMPLES_FILE
from schemas.compatibility import Refused, Rule, refused_changes
from schemas.export import json_schemas
from schemas.strict_json import read_json
from tests.unit.contract_changes import (
    ALLOWED_ANYWHERE,
    ALLOWED_ON_INPUTS,
    FORBIDDEN,
    Change,
    changed,
    nodes,
)

SCHEMAS: dict[str, Any] = json_schemas()
INPUTS = frozenset(fact_type.event_type for fact_type in FACT_TYPES)
OUTPUTS = frozenset(SCHEMAS) - INPUTS
EXAMPLES: Any = read_json(EXAMPLES_FILE.read_bytes())
STEADY = settings(derandomize=True, database=None, deadline=None, max_examples=200)
FINISHED = "biolatch.attempt.finished.v1"
STATE = "biolatch.device-state.v1"


def refused(name: str, later: dict[str, Any]) -> list[Refused]:
    """What is refused where one contract changes."""
    return refused_changes({name: SCHEMAS[name]}, {name: later}, inputs=INPUTS)


def edited(name: str, change: Change) -> dict[str, Any] | None:
    """The contract, changed wherever it can be; None where it cannot."""
    later = deepcopy(SCHEMAS[name])
    places = [node for node in nodes(later) if change.applies(node)]
    for node in places:
        change.make(node)
    return later if places else None


def test_what_has_not_changed_is_compatible() -> None:
    assert refused_changes(SCHEMAS, deepcopy(SCHEMAS), inputs=INPUTS) == []


@pytest.mark.parametrize("kind", FORBIDDEN)
def test_each_forbidden_change_is_refused_wherever_it_can_be_made(kind: str) -> None:
    change, rule = FORBIDDEN[kind]
    later = {name: edited(name, change) for name in SCHEMAS}
    assert any(later.values())
    for name, schema in later.items():
        if schema is not None:
            found = refused(name, schema)
            assert rule in {each.rule for each in found}, name
            assert all(each.path.startswith(f"{name}/") for each in found)


@pytest.mark.parametrize("kind", ALLOWED_ANYWHERE | ALLOWED_ON_INPUTS)
def test_each_allowed_change_passes_wherever_it_can_be_made(kind: str) -> None:
    change = (ALLOWED_ANYWHERE | ALLOWED_ON_INPUTS)[kind]
    later = {
        name: edited(name, change) for name in (SCHEMAS if kind in ALLOWED_ANYWHERE else INPUTS)
    }
    assert any(later.values())
    for name, schema in later.items():
        assert schema is None or refused(name, schema) == []


@pytest.mark.parametrize("kind", ALLOWED_ON_INPUTS)
def test_a_bound_that_others_rely_on_may_not_be_relaxed(kind: str) -> None:
    for name in OUTPUTS:
        later = edited(name, ALLOWED_ON_INPUTS[kind])
        assert later is not None
        assert {each.rule for each in refused(name, later)} == {Rule.BOUND_OF_OUTPUT}


@STEADY
@given(st.data())
def test_any_number_of_allowed_changes_passes_and_refuses_no_event_of_before(
    data: st.DataObject,
) -> None:
    name = data.draw(st.sampled_from(sorted(SCHEMAS)))
    allowed = ALLOWED_ANYWHERE | (ALLOWED_ON_INPUTS if name in INPUTS else {})
    times = data.draw(st.integers(1, 5))
    later = changed(data.draw, SCHEMAS[name], allowed, times=times)
    assume(later is not None)
    assert later is not None
    assert refused(name, later) == []
    for example in EXAMPLES.get(name, ()):
        Draft202012Validator(later).validate(example["payload"])


@STEADY
@given(st.data())
def test_one_forbidden_change_among_allowed_ones_is_refused(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(SCHEMAS)))
    change, rule = FORBIDDEN[data.draw(st.sampled_from(sorted(FORBIDDEN)))]
    broken = changed(data.draw, SCHEMAS[name], {"": change})
    assume(broken is not None)
    assert broken is not None
    later = changed(data.draw, broken, {"": ALLOWED_ANYWHERE["describe otherwise"]}, times=2)
    assert later is not None
    assert rule in {each.rule for each in refused(name, later)}


def test_a_contract_may_come_and_may_not_go() -> None:
    fewer = {name: schema for name, schema in SCHEMAS.items() if name != FINISHED}
    assert refused_changes(fewer, SCHEMAS, inputs=INPUTS) == []
    (gone,) = refused_changes(SCHEMAS, fewer, inputs=INPUTS)
    assert (gone.path, gone.rule) == (FINISHED, Rule.CONTRACT_REMOVED)


def test_what_a_definition_is_called_does_not_matter() -> None:
    later = deepcopy(SCHEMAS[FINISHED])
    later["$defs"]["Ending"] = later["$defs"].pop("AttemptOutcome")
    later["properties"]["outcome"]["$ref"] = "#/$defs/Ending"
    assert refused(FINISHED, later) == []


def test_a_refusal_names_the_place_and_the_rule() -> None:
    later = deepcopy(SCHEMAS[FINISHED])
    later["properties"]["seq"]["maximum"] = 9
    (one,) = refused(FINISHED, later)
    assert str(one) == (
        f"{FINISHED}/properties/seq/maximum: maximum was 9007199254740991 and is 9: it may only "
        "take in more [bound.tightened]"
    )
    later = deepcopy(SCHEMAS[STATE])
    later["$defs"]["Status"]["enum"].append("paused")
    (one,) = refused(STATE, later)
    assert str(one) == (
        f"{STATE}/properties/users/additionalProperties/properties/status/enum: word 'paused' is "
        "new, and Status never gets another one [word.added]"
    )
