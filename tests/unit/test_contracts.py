import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from events.decisions import DECISION_TYPES, Decision
from events.facts import FACT_TYPES, AnyFactData
from events.public_state import PublicState
from events.timestamps import parse_rfc3339
from events.verdicts import VERDICT_TYPES, Verdict
from schemas.export import FOLDER, PUBLIC_STATE_NAME, export, json_schemas, rendered
from schemas.notifications import Notification
from tests.unit.generated import STABLE, instances, wire_data
from tests.unit.malformed.fields import BROKEN_FIELDS, BrokenField
from tests.unit.sound_records import COMPLETE, FINISHED, required_fields

SCHEMAS = json_schemas()
INPUTS = {data_type.event_type: data_type for data_type in FACT_TYPES}
OUTPUTS = {output_type.event_type: output_type for output_type in (*VERDICT_TYPES, *DECISION_TYPES)}
FORMATS = FormatChecker(formats=())
NAMES = pytest.mark.parametrize("name", SCHEMAS)


@FORMATS.checks("date-time", raises=ValueError)
def _is_rfc3339(value: object) -> bool:
    return not isinstance(value, str) or parse_rfc3339(value) is not None


def validator(name: str) -> Draft202012Validator:
    """What checks data against a contract, formats included."""
    return Draft202012Validator(SCHEMAS[name], format_checker=FORMATS)


def nodes(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401
    """Every object within a schema, with its path."""
    if isinstance(schema, dict):
        yield path, schema
        for keyword, value in schema.items():
            yield from nodes(value, f"{path}/{keyword}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from nodes(value, f"{path}/{index}")


def fields(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field in a contract, with its path."""
    for path, node in nodes(SCHEMAS[name], name):
        if path.endswith("/properties"):
            yield from ((f"{path}/{field}", schema) for field, schema in node.items())


def test_there_is_one_contract_for_each_event_type_one_for_the_state_and_one_for_webhooks() -> None:
    assert list(SCHEMAS) == [*INPUTS, *OUTPUTS, PUBLIC_STATE_NAME, Notification.event_type]


def test_the_committed_contracts_are_current() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert committed == rendered(), "run `biolatch schema export`"


def test_export_writes_them_into_a_folder_of_one_s_own(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert [file.name for file in export(folder)] == list(rendered())
    assert {file.name: file.read_text(encoding="utf-8") for file in export(folder)} == rendered()


@NAMES
def test_a_contract_is_json_schema_of_draft_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["$id"] == f"urn:biolatch:schema:{name}"
    definitions = SCHEMAS[name].get("$defs", {})
    references = {node["$ref"] for _, node in nodes(SCHEMAS[name]) if "$ref" in node}
    assert {f"#/$defs/{defined}" for defined in definitions} == references


@NAMES
def test_a_contract_explains_every_field_in_one_clean_line(name: str) -> None:
    # Also that no title is left but the type's own, and no docstring's layout.
    for path, schema in fields(name):
        assert "title" not in schema, path
        assert schema["description"].endswith("."), path
    for path, node in nodes(SCHEMAS[name]):
        description = node.get("description", "")
        if isinstance(description, str):
            assert "\n" not in description, path
            assert "Attributes" not in description, path


@NAMES
def test_every_text_and_number_states_its_bounds(name: str) -> None:
    free = {
        "reason_admin",
        "device_signature",
        "challenge",
        "os_version",
        "app_version",
        "device_model",
        "platform_code",
        "type",  # of a cause: one of the types in these contracts
    }
    for path, schema in fields(name):
        for choice in schema.get("anyOf", [schema]):
            kind, field = choice.get("type"), path.rpartition("/")[2]
            if kind == "string" and field not in free:
                assert {"pattern", "format", "const"} & choice.keys(), path
            if kind == "integer":
                assert "minimum" in choice, path
            if kind == "array":
                assert "pattern" in choice["items"], path
            assert kind in {"string", "integer", "boolean", "object", "array", "null", None}, path


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_is_closed_and_an_output_is_open(name: str) -> None:
    for path, node in nodes(SCHEMAS[name]):
        if node.get("type") == "object":
            assert node["additionalProperties"] is False, path
    assert not validator(name).is_valid({**COMPLETE[name], "unknown": 1})


@pytest.mark.parametrize("name", [*OUTPUTS, PUBLIC_STATE_NAME])
def test_an_output_is_open(name: str) -> None:
    assert all(node.get("additionalProperties") is not False for _, node in nodes(SCHEMAS[name]))


@pytest.mark.parametrize("name", INPUTS)
def test_what_may_be_absent_of_an_input_is_said_with_its_default(name: str) -> None:
    schema = SCHEMAS[name]
    assert schema.get("required", []) == list(required_fields(name))
    for field in msgspec.structs.fields(INPUTS[name]):
        stated = schema["properties"][field.name].get("default")
        assert stated == (None if field.required else field.default), field
        assert None not in schema["properties"][field.name].get("anyOf", []), field
    validator(name).validate(required_fields(name))
    validator(name).validate(COMPLETE[name])


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_that_can_be_read_satisfies_its_contract(name: str) -> None:
    data_type: type[AnyFactData] = INPUTS[name]
    checker = validator(name)

    @STABLE
    @given(wire_data(data_type))
    def check(data: dict[str, Any]) -> None:
        checker.validate(data)

    check()


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_output_satisfies_its_contract(name: str) -> None:
    output_type: type[Verdict | Decision] = OUTPUTS[name]
    checker = validator(name)

    @STABLE
    @given(instances(output_type))
    def check(output: Verdict | Decision) -> None:
        checker.validate(json.loads(msgspec.json.encode(output)))

    check()


def test_every_public_state_satisfies_its_contract() -> None:
    checker = validator(PUBLIC_STATE_NAME)

    @STABLE
    @given(instances(PublicState))
    def check(state: PublicState) -> None:
        checker.validate(json.loads(msgspec.json.encode(state)))

    check()


@pytest.mark.parametrize("broken", BROKEN_FIELDS.values(), ids=BROKEN_FIELDS)
def test_what_a_consumer_refuses_a_contract_refuses(broken: BrokenField) -> None:
    assert validator(broken.event_type).is_valid(broken.data) is not broken.in_schema


def test_an_output_that_is_not_ours_does_not_satisfy_its_contract() -> None:
    refused = "biolatch.verdict.refused.v1"
    sound = {
        "device_id": "phone-1",
        "policy_version": "1",
        "occurred_at": "2026-01-31T23:59:59.999Z",
        "cause": {"type": FINISHED, "source": "/backend"},
        "guidance": "none",
        "reason": "wait",
    }
    validator(refused).validate(sound)
    for change in (
        {"reason": "because"},
        {"reason": None},
        {"device_id": ""},
        {"occurred_at": "2026-01-31T23:59:59Z"},
        {"occurred_at": "2026-02-30T00:00:00.000Z"},
        {"bio_epoch": 0},
        {"scans": 1.5},
        {"login_id": None},
        {"cause": {"type": FINISHED}},
    ):
        assert not validator(refused).is_valid(sound | change), change
