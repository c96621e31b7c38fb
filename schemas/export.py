"""The published contracts: a JSON Schema for each event type, the public state and the webhook.

Derived from the types in `events`, written to `schemas/json`, committed, and tested to be
current. Input schemas are closed (publishing is strict), output schemas are open (consuming is
tolerant: a later version may add fields). They speak of an event's data; the CloudEvents envelope
around it is CloudEvents' own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from events import vocabulary
from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES, AnyFactData
from events.public_state import PublicState
from events.verdicts import VERDICT_TYPES
from schemas import notifications
from schemas.schema_text import described, ordered
from schemas.strict_facts import strict_model

FOLDER: Final = Path(__file__).parent / "json"
PUBLIC_STATE_NAME: Final = "biolatch.device-state.v1"


class _WithoutFieldTitles(GenerateJsonSchema):
    """pydantic repeats a field's name as its title ("User Id"); a name is enough."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's hook
        return False


def json_schemas() -> dict[str, JsonSchemaValue]:
    """Every contract by the name of its event type, in the order of the design."""
    schemas = {fact_type.event_type: _of_input(fact_type) for fact_type in FACT_TYPES}
    for output_type in (*VERDICT_TYPES, *DECISION_TYPES):
        schemas[output_type.event_type] = _of_output(output_type)
    schemas[PUBLIC_STATE_NAME] = _of_output(PublicState)
    notification = notifications.Notification
    schemas[notification.event_type] = _of_output(notification)
    return {name: _headed(name, schema) for name, schema in schemas.items()}


def rendered() -> dict[str, str]:
    """The files of the contracts: name and text."""
    return {
        f"{name}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in json_schemas().items()
    }


def export(folder: Path) -> list[Path]:
    """Write all contracts into a folder, made if need be; returns the files.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, text in rendered().items():
        file = folder / name
        file.write_text(text, encoding="utf-8")
        files.append(file)
    return files


def _of_input(fact_type: type[AnyFactData]) -> JsonSchemaValue:
    schema: JsonSchemaValue = strict_model(fact_type).model_json_schema(
        schema_generator=_WithoutFieldTitles
    )
    for part in (schema, *_definitions(schema).values()):
        if part["type"] == "object":
            part["additionalProperties"] = False
            _never_null(part)
    return described(schema, fact_type)


def _of_output(struct: type[msgspec.Struct]) -> JsonSchemaValue:
    (root,), definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    schema: JsonSchemaValue = definitions.pop(str(root["$ref"]).rpartition("/")[2])
    for name, definition in definitions.items():
        if "enum" in definition:
            _enumerate(name, definition)
    if struct.__struct_config__.omit_defaults:
        _never_null(schema)
    return described(schema | {"$defs": definitions}, struct)


def _definitions(schema: JsonSchemaValue) -> Mapping[str, JsonSchemaValue]:
    definitions: Mapping[str, JsonSchemaValue] = schema.get("$defs", {})
    return definitions


def _enumerate(name: str, definition: JsonSchemaValue) -> None:
    """State the type, and the words in their own order: msgspec sorts them."""
    definition["type"] = "string"
    home = vocabulary if hasattr(vocabulary, name) else notifications
    definition["enum"] = [member.value for member in getattr(home, name)]


def _never_null(schema: JsonSchemaValue) -> None:
    """Optional fields are absent where they do not apply, never null."""
    for name, field in schema["properties"].items():
        if "anyOf" in field:
            (schema["properties"][name],) = (
                choice for choice in field["anyOf"] if choice != {"type": "null"}
            )


def _headed(name: str, schema: JsonSchemaValue) -> JsonSchemaValue:
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"urn:biolatch:schema:{name}"}
    return ordered(head | schema)
