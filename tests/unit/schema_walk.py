"""Every field of a message by its type: what in it could carry more than it says.

A field holds a bounded text, a word of a closed vocabulary, a whole number, a flag, or a struct or
tuple of those. Whatever else a type can be is refused, so that nobody has to think of it.
"""

from collections.abc import Iterator
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from events.timestamps import Rfc3339

TEXT_LENGTH_MAX = 1024
"""A fingerprint's template takes several hundred bytes before Base64, a face's some thousand."""

UNBOUNDED = "a text without a bound, or with too wide a one"

Exempt = dict[tuple[str, str], str]
"""Struct and field that may be what is refused otherwise, with the reason."""


def fields(message: type[msgspec.Struct]) -> Iterator[tuple[type, str, Any]]:
    """Every field of a message and of what is nested in it: owner, name, annotation."""
    hints = get_type_hints(message, include_extras=True)
    for name in message.__struct_fields__:
        yield message, name, hints[name]
        for nested in _structs(hints[name]):
            yield from fields(nested)


def findings(message: type[msgspec.Struct], exempt: Exempt) -> list[str]:
    """Everything in a message that could carry more than an id, a word, a number or a flag."""
    return [
        f"{owner.__name__}.{name}: {found}"
        for owner, name, annotation in fields(message)
        for found in _findings(annotation)
        if (owner.__name__, name) not in exempt
    ]


def _structs(annotation: Any) -> Iterator[type[msgspec.Struct]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for argument in get_args(annotation):
            yield from _structs(argument)


def _findings(annotation: Any, bound: int | None = None) -> Iterator[str]:  # noqa: ANN401 - as above
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation == Rfc3339:  # 24 characters, which only an instant makes
        return
    if origin is Annotated:
        limits = [each for each in arguments[1:] if isinstance(each, msgspec.Meta)]
        bounds = [each.max_length for each in limits if each.max_length is not None]
        yield from _findings(arguments[0], min(bounds, default=bound))
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _findings(argument)
    elif origin is tuple:
        for argument in arguments:
            if argument is not ...:
                yield from _findings(argument)
    elif annotation is str:
        if bound is None or bound > TEXT_LENGTH_MAX:
            yield UNBOUNDED
    elif (
        origin is Literal
        or annotation in (int, bool, NoneType)
        or (isinstance(annotation, type) and issubclass(annotation, StrEnum))
    ):
        return
    elif isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return  # its fields are walked by themselves
    else:
        yield f"{annotation}"


def open_objects(schema: dict[str, Any]) -> list[str]:
    """Where a JSON Schema of an input takes more than it names, or a text of any length."""
    found: list[str] = []
    for name, owner in {"": schema, **schema.get("$defs", {})}.items():
        if owner.get("type") == "object" and owner.get("additionalProperties") is not False:
            found.append(f"{name}: open object")
        for field, described in owner.get("properties", {}).items():
            found += [f"{name}.{field}: {each}" for each in _open_field(described)]
    return found


def _open_field(described: dict[str, Any]) -> Iterator[str]:
    if described.get("contentEncoding") or described.get("format") not in {None, "date-time"}:
        yield "bytes"
    kind = described.get("type")
    if kind in {"object", "array"} or not {"type", "$ref", "anyOf", "enum"} & set(described):
        yield "free form"
    is_closed = (
        "enum" in described or "const" in described or described.get("format") == "date-time"
    )
    if kind == "string" and not is_closed:
        longest = described.get("maxLength")
        if longest is None or longest > TEXT_LENGTH_MAX:
            yield UNBOUNDED
