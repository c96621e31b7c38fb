"""The words of the contracts: what a type's docstring says, in the places of a JSON Schema.

Owns how descriptions reach a schema, and the order in which people read one. The section
`Attributes:` of a docstring becomes the descriptions of the fields, inherited ones included.
"""

import inspect
import re
from typing import Final

from pydantic.json_schema import JsonSchemaValue

_ORDER: Final = (
    "$schema",
    "$id",
    "title",
    "$ref",
    "description",
    "type",
    "const",
    "enum",
    "format",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "default",
    "minProperties",
    "maxProperties",
    "items",
    "propertyNames",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
    "$defs",
)
_BY_NAME: Final = frozenset({"properties", "$defs"})
"""Keywords whose members have names of their own."""

_ONE_SCHEMA: Final = frozenset({"items", "propertyNames"})
"""Keywords whose value is a schema."""

_NEXT_ATTRIBUTE: Final = re.compile(r"\n {4}(?=\S)")


def described(schema: JsonSchemaValue, described_type: type) -> JsonSchemaValue:
    """The schema of a type with all descriptions in their places."""
    inherited: dict[str, str] = {}
    for ancestor in reversed(described_type.__mro__):
        if ancestor.__module__ == described_type.__module__:
            inherited |= _split(ancestor.__doc__ or "")[1]
    for part in schema.get("$defs", {}).values():
        _describe(part, {})
    _describe(schema, inherited)
    return schema


def _describe(part: JsonSchemaValue, fields: dict[str, str]) -> None:
    part["description"], own = _split(part["description"])
    for name, description in (fields | own).items():
        part["properties"][name] |= {"description": description}


def _split(docstring: str) -> tuple[str, dict[str, str]]:
    """What a docstring says of its type, and of each field."""
    summary, _, section = inspect.cleandoc(docstring).partition("\n\nAttributes:")
    fields: dict[str, str] = {}
    for entry in _NEXT_ATTRIBUTE.split(section)[1:]:
        names, _, text = entry.partition(": ")
        fields |= dict.fromkeys(names.split(", "), _sentence(text))
    return summary, fields


def _sentence(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line[:1].upper() + one_line[1:]


def ordered(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The same schema, its keywords in one order everywhere.

    Raises:
        ValueError: a keyword that has no place in the order.
    """
    tidy = {keyword: schema[keyword] for keyword in sorted(schema, key=_ORDER.index)}
    for keyword in _BY_NAME.intersection(tidy):
        tidy[keyword] = {name: ordered(part) for name, part in tidy[keyword].items()}
    for keyword in _ONE_SCHEMA.intersection(tidy):
        tidy[keyword] = ordered(tidy[keyword])
    if "anyOf" in tidy:
        tidy["anyOf"] = [ordered(choice) for choice in tidy["anyOf"]]
    return tidy
