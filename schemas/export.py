"""The published contracts: one JSON Schema per event type and one for the public state.

Derived from the types in `events`, written to `schemas/json`, committed, and tested to be
current. Input schemas are closed (publishing is strict), output schemas are open (consuming is
tolerant: a later version may add fields).
"""

import inspect
import json
from pathlib import Path
from typing import Final

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES
from events.public_state import PublicState
from events.verdicts import VERDICT_TYPES
from schemas.strict_json import Json

DIALECT: Final = GenerateJsonSchema.schema_dialect
FOLDER: Final = Path(__file__).parent / "json"
PUBLIC_STATE_NAME: Final = "biolatch.device-state.v1"


def json_schemas() -> dict[str, dict[str, Json]]:
    """Every contract by the name of its event type, in the order of the design."""
    schemas = {fact_type.event_type: _of_input(fact_type) for fact_type in FACT_TYPES}
    for output_type in (*VERDICT_TYPES, *DECISION_TYPES):
        schemas[output_type.event_type] = _of_output(output_type)
    schemas[PUBLIC_STATE_NAME] = _of_output(PublicState)
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


def _of_input(model: type[BaseModel]) -> dict[str, Json]:
    schema: dict[str, Json] = model.model_json_schema()
    definitions = schema.get("$defs")
    for part in (schema, *(definitions.values() if isinstance(definitions, dict) else ())):
        if isinstance(part, dict) and part.get("type") == "object":
            part["additionalProperties"] = False
            _never_null(part)
    return schema


def _of_output(struct: type[msgspec.Struct]) -> dict[str, Json]:
    (root,), definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    name = str(root["$ref"]).rpartition("/")[2]
    schema: dict[str, Json] = dict(definitions.pop(name))
    if struct.__struct_config__.omit_defaults:
        _never_null(schema)
    if definitions:
        schema["$defs"] = dict(definitions)
    return schema


def _never_null(schema: dict[str, Json]) -> None:
    """Optional fields are absent where they do not apply, never null."""
    properties = schema["properties"]
    for name, field in properties.items() if isinstance(properties, dict) else ():
        choices = field.get("anyOf") if isinstance(field, dict) else None
        if isinstance(properties, dict) and isinstance(choices, list):
            (properties[name],) = (choice for choice in choices if choice != {"type": "null"})


def _headed(name: str, schema: dict[str, Json]) -> dict[str, Json]:
    description = schema.get("description")
    if isinstance(description, str):
        schema["description"] = inspect.cleandoc(description)
    return {"$schema": DIALECT, "$id": f"urn:biolatch:schema:{name}"} | schema
