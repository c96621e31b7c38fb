"""The JSON Schemas in the form that an AsyncAPI document takes.

AsyncAPI's schemas go by draft 7 of JSON Schema, ours by 2020-12. What ours use means the same in
both but for two things, which are brought into draft 7's form here: definitions stand in one place
for the whole document, and nothing may stand beside a `$ref`.
"""

from collections.abc import Mapping
from typing import Final

from pydantic.json_schema import JsonSchemaValue

from schemas.export import json_schemas
from schemas.strict_json import Json

_OUR_PLACE: Final = "#/$defs/"
_THEIR_PLACE: Final = "#/components/schemas/"
_ONLY_OURS: Final = frozenset({"$schema", "$id", "$defs"})


def component_schemas() -> dict[str, JsonSchemaValue]:
    """Every contract by its name, and behind them what they refer to, each once.

    Raises:
        ValueError: two contracts mean something else by one name.
    """
    contracts = json_schemas()
    definitions: dict[str, JsonSchemaValue] = {}
    for contract in contracts.values():
        for name, definition in contract.get("$defs", {}).items():
            if definitions.setdefault(name, definition) != definition:
                raise ValueError(f"two contracts define {name} differently")
    return {name: _moved(schema) for name, schema in (contracts | definitions).items()}


def _moved(schema: JsonSchemaValue) -> JsonSchemaValue:
    kept = {keyword: value for keyword, value in schema.items() if keyword not in _ONLY_OURS}
    moved = _in_draft_7(kept)
    assert isinstance(moved, dict)  # noqa: S101 - for the type checker: it was one
    return moved


def _in_draft_7(node: Json) -> Json:
    if isinstance(node, list):
        return [_in_draft_7(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    if isinstance(reference := node.get("$ref"), str):
        there: dict[str, Json] = {"$ref": reference.replace(_OUR_PLACE, _THEIR_PLACE)}
        beside = {keyword: value for keyword, value in node.items() if keyword != "$ref"}
        return {**beside, "allOf": [there]} if beside else there
    return {keyword: _in_draft_7(value) for keyword, value in node.items()}
