"""Changes that somebody might make to a contract, one of each kind, as functions on a schema."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from hypothesis import strategies as st

from schemas.compatibility import CLOSED_WORDS, Rule

Node = dict[str, Any]

_BOUNDS = ("minLength", "maxLength", "minimum", "maximum", "minProperties", "maxProperties")


class Change(NamedTuple):
    """One kind of change.

    Attributes:
        applies: whether it can be made at a node.
        make: makes it, in place.
    """

    applies: Callable[[Node], bool]
    make: Callable[[Node], object]


def nodes(schema: Any) -> Iterator[Node]:  # noqa: ANN401 - JSON
    """Every schema within a schema, in an order that does not change."""
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("properties", "$defs"):
        for part in schema.get(keyword, {}).values():
            yield from nodes(part)
    for keyword in ("propertyNames", "additionalProperties", "items"):
        yield from nodes(schema.get(keyword))
    for choice in schema.get("anyOf", ()):
        yield from nodes(choice)


def has(*keywords: str) -> Callable[[Node], bool]:
    return lambda node: all(keyword in node for keyword in keywords)


def _has_bound(node: Node) -> bool:
    return any(keyword in node for keyword in _BOUNDS)


def _move_bounds(by: int) -> Callable[[Node], None]:
    """Move every bound: outwards, or inwards if the number is negative."""

    def move(node: Node) -> None:
        for keyword in _BOUNDS:
            if keyword in node:
                node[keyword] += by if keyword.startswith("max") else -by

    return move


def _drop_bounds(node: Node) -> None:
    for keyword in _BOUNDS:
        node.pop(keyword, None)


def _is_open_list(node: Node) -> bool:
    return "enum" in node and node["title"] not in CLOSED_WORDS


def _add_field(node: Node) -> None:
    node["properties"]["later_field"] = {"type": "string", "description": "New."}


def _add_required_field(node: Node) -> None:
    _add_field(node)
    node["required"] = [*node.get("required", ()), "later_field"]


def _require_another(node: Node) -> None:
    (name, *_) = (each for each in node["properties"] if each not in node.get("required", ()))
    node["required"] = [*node.get("required", ()), name]


def _has_optional(node: Node) -> bool:
    return bool(set(node.get("properties", ())) - set(node.get("required", ())))


ALLOWED_ANYWHERE = {
    "add an optional field": Change(has("properties"), _add_field),
    "add a word": Change(_is_open_list, lambda node: node["enum"].append("later_word")),
    "reorder words": Change(has("enum"), lambda node: node["enum"].reverse()),
    "describe otherwise": Change(has("type"), lambda node: node.update(description="Otherwise.")),
}
ALLOWED_ON_INPUTS = {
    "relax bounds": Change(_has_bound, _move_bounds(1)),
    "drop bounds": Change(_has_bound, _drop_bounds),
}
FORBIDDEN: dict[str, tuple[Change, Rule]] = {
    "add a required field": (Change(has("properties"), _add_required_field), Rule.FIELD_REQUIRED),
    "require a field": (Change(_has_optional, _require_another), Rule.FIELD_REQUIRED),
    "no longer require a field": (
        Change(has("required"), lambda node: node["required"].pop()),
        Rule.FIELD_NO_LONGER_REQUIRED,
    ),
    "remove a field": (
        Change(has("properties"), lambda node: node["properties"].popitem()),
        Rule.FIELD_REMOVED,
    ),
    "remove a word": (Change(has("enum"), lambda node: node["enum"].pop()), Rule.WORD_REMOVED),
    "add a status": (
        Change(
            lambda node: node.get("title") in CLOSED_WORDS,
            lambda node: node["enum"].append("later_word"),
        ),
        Rule.WORD_ADDED,
    ),
    "tighten a bound": (Change(_has_bound, _move_bounds(-1)), Rule.BOUND_TIGHTENED),
    "bound what had no bound": (
        Change(
            lambda node: node.get("type") == "string" and "maxLength" not in node,
            lambda node: node.update(maxLength=9),
        ),
        Rule.BOUND_TIGHTENED,
    ),
    "another type": (
        Change(
            lambda node: isinstance(node.get("type"), str), lambda node: node.update(type="array")
        ),
        Rule.KEYWORD_CHANGED,
    ),
    "another pattern": (
        Change(has("pattern"), lambda node: node.update(pattern="^a*$")),
        Rule.KEYWORD_CHANGED,
    ),
    "no pattern": (Change(has("pattern"), lambda node: node.pop("pattern")), Rule.KEYWORD_CHANGED),
    "another format": (
        Change(has("format"), lambda node: node.update(format="time")),
        Rule.KEYWORD_CHANGED,
    ),
    "another default": (
        Change(has("default"), lambda node: node.update(default="else")),
        Rule.KEYWORD_CHANGED,
    ),
    "null where there was none": (
        Change(
            lambda node: "anyOf" not in node and "type" in node,
            lambda node: node.update(anyOf=[{"type": node["type"]}, {"type": "null"}]),
        ),
        Rule.KEYWORD_CHANGED,
    ),
    "one choice fewer": (
        Change(has("anyOf"), lambda node: node["anyOf"].pop()),
        Rule.KEYWORD_CHANGED,
    ),
    "closed or open": (
        Change(
            lambda node: node.get("type") == "object" and "propertyNames" not in node,
            lambda node: node.update(
                additionalProperties=node.get("additionalProperties", True) is False
            ),
        ),
        Rule.KEYWORD_CHANGED,
    ),
    "a keyword that nobody knows": (
        Change(has("type"), lambda node: node.update(laterKeyword=1)),
        Rule.KEYWORD_CHANGED,
    ),
}


def changed(
    draw: st.DrawFn, schema: dict[str, Any], changes: dict[str, Change], *, times: int = 1
) -> dict[str, Any] | None:
    """The schema with so many of the changes, each anywhere; None where none can be made."""
    later = deepcopy(schema)
    for _ in range(times):
        change = changes[draw(st.sampled_from(sorted(changes)))]
        places = [node for node in nodes(later) if change.applies(node)]
        if not places:
            return None
        change.make(places[draw(st.integers(0, len(places) - 1))])
    return later
