"""Whether a contract has only changed as a released contract may: additions, and nothing else.

Owns the list of what is allowed; whatever is not on it is refused, a keyword that nobody has
thought of included. Events are kept for days and read by services that are updated at another time,
so both directions count: what was written before is read by the later version, and what the later
version writes is read by earlier ones. Pure: compares two sets of JSON Schemas.

Allowed are:

- a new contract: readers pass over events that they do not know;
- a new field that is not required: readers ignore fields that they do not know;
- of an input, a bound that takes in more: only biolatch reads it, and workers are updated first.
  Of an output others rely on the bound;
- a new word in a list, but for `Status`: whoever does not know a status cannot answer safely;
- other words for people: titles, descriptions, examples.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final, NamedTuple, TypeAlias, cast

Schema: TypeAlias = Mapping[str, Any]
"""A JSON Schema, or a part of one."""

CLOSED_WORDS: Final = frozenset({"Status"})
"""Lists of words that never get another one, by the title of their definition."""

_FOR_PEOPLE: Final = frozenset({"title", "description", "examples", "$comment"})
_AT_LEAST: Final = frozenset({"minimum", "minLength", "minItems", "minProperties"})
_AT_MOST: Final = frozenset({"maximum", "maxLength", "maxItems", "maxProperties"})
_WITHIN: Final = frozenset({"items", "propertyNames", "additionalProperties"})
"""Keywords that hold a schema."""

_DEFINITIONS: Final = "$defs"
_REFERENCE: Final = "#/$defs/"


class Rule(StrEnum):
    """Why a change is refused."""

    CONTRACT_REMOVED = "contract.removed"
    FIELD_REMOVED = "field.removed"
    FIELD_REQUIRED = "field.required"
    """A field has become required, or is new and required."""
    FIELD_NO_LONGER_REQUIRED = "field.no-longer-required"
    WORD_REMOVED = "word.removed"
    WORD_ADDED = "word.added"
    """To a list of words that is closed."""
    BOUND_TIGHTENED = "bound.tightened"
    BOUND_OF_OUTPUT = "bound.of-output"
    """Relaxed, where others rely on it."""
    KEYWORD_CHANGED = "keyword.changed"
    """Anything else."""


class Refused(NamedTuple):
    """One change that is not allowed.

    Attributes:
        path: the contract's name, and the way to the place in its schema.
        rule: which rule refuses it.
        message: what has changed, in words.
    """

    path: str
    rule: Rule
    message: str

    def __str__(self) -> str:
        """For people, in one line."""
        return f"{self.path}: {self.message} [{self.rule}]"


def refused_changes(
    released: Mapping[str, Schema], current: Mapping[str, Schema], *, inputs: frozenset[str]
) -> list[Refused]:
    """Every change since a release that is not allowed.

    Args:
        released: contracts by name, as they were released.
        current: contracts by name, as they are now.
        inputs: the names of those that others write and only biolatch reads.
    """
    refused: list[Refused] = []
    for name, schema in released.items():
        if name not in current:
            refused.append(
                Refused(name, Rule.CONTRACT_REMOVED, "the contract is gone; events of it are not")
            )
            continue
        comparison = _Comparison(schema, current[name], is_input=name in inputs)
        refused += comparison.of_whole(name)
    return refused


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Of one contract with itself, earlier and later."""

    earlier: Schema
    later: Schema
    is_input: bool

    def of_whole(self, name: str) -> Iterator[Refused]:
        yield from self._of(name, self.earlier, self.later)

    def _of(self, path: str, earlier: object, later: object) -> Iterator[Refused]:
        """Compare what stands at one place: schemas, or what else may stand where one may."""
        before, after = _resolved(earlier, self.earlier), _resolved(later, self.later)
        if before is None or after is None:
            if earlier != later:
                yield _changed(path, earlier, later)
            return
        for keyword in sorted({*before, *after} - _FOR_PEOPLE - {_DEFINITIONS}):
            yield from self._of_keyword(f"{path}/{keyword}", keyword, before, after)

    def _of_keyword(
        self, path: str, keyword: str, earlier: Schema, later: Schema
    ) -> Iterator[Refused]:
        before, after = earlier.get(keyword), later.get(keyword)
        if keyword == "properties":
            yield from self._of_fields(path, before or {}, after or {})
        elif keyword == "required":
            yield from _of_required(path, before or (), after or ())
        elif keyword == "enum" and before is not None and after is not None:
            yield from _of_words(path, before, after, title=earlier.get("title"))
        elif keyword in _AT_LEAST | _AT_MOST:
            yield from self._of_bound(path, keyword, before, after)
        elif keyword == "anyOf" and before is not None and after is not None:
            yield from self._of_choices(path, before, after)
        elif keyword in _WITHIN and before is not None and after is not None:
            yield from self._of(path, before, after)
        elif before != after:
            yield _changed(path, before, after)

    def _of_choices(
        self, path: str, before: Sequence[object], after: Sequence[object]
    ) -> Iterator[Refused]:
        for index, (one, other) in enumerate(zip_longest(before, after)):
            yield from self._of(f"{path}/{index}", one, other)

    def _of_fields(self, path: str, before: Schema, after: Schema) -> Iterator[Refused]:
        for field, schema in before.items():
            if field in after:
                yield from self._of(f"{path}/{field}", schema, after[field])
            else:
                yield Refused(
                    f"{path}/{field}", Rule.FIELD_REMOVED, f"field {field!r} is gone; it may not go"
                )

    def _of_bound(
        self, path: str, keyword: str, before: float | None, after: float | None
    ) -> Iterator[Refused]:
        if before == after:
            return
        change = f"{keyword} was {_shown(before)} and is {_shown(after)}"
        if not _takes_in_more(keyword, before, after):
            yield Refused(path, Rule.BOUND_TIGHTENED, f"{change}: it may only take in more")
        elif not self.is_input:
            yield Refused(path, Rule.BOUND_OF_OUTPUT, f"{change}: readers rely on the bound")


def _of_required(path: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Refused]:
    for field in sorted({*after} - {*before}):
        yield Refused(path, Rule.FIELD_REQUIRED, f"field {field!r} is required and was not")
    for field in sorted({*before} - {*after}):
        yield Refused(
            path, Rule.FIELD_NO_LONGER_REQUIRED, f"field {field!r} was required and is not"
        )


def _of_words(
    path: str, before: Sequence[Any], after: Sequence[Any], *, title: str | None
) -> Iterator[Refused]:
    for word in before:
        if word not in after:
            yield Refused(path, Rule.WORD_REMOVED, f"word {word!r} is gone; it may not go")
    for word in after:
        if word not in before and title in CLOSED_WORDS:
            yield Refused(
                path, Rule.WORD_ADDED, f"word {word!r} is new, and {title} never gets another one"
            )


def _takes_in_more(keyword: str, before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return after is None
    return after < before if keyword in _AT_LEAST else after > before


def _changed(path: str, before: object, after: object) -> Refused:
    return Refused(
        path,
        Rule.KEYWORD_CHANGED,
        f"was {_shown(before)} and is {_shown(after)}; it may not change",
    )


def _shown(value: object) -> str:
    return "absent" if value is None else repr(value)


def _resolved(node: object, whole: Schema) -> Schema | None:
    """A schema without `$ref`, whatever a definition is called; None for what is no schema."""
    if not isinstance(node, Mapping):
        return None
    schema = cast("Schema", node)
    reference: object = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith(_REFERENCE):
        return schema
    beside = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
    return {**whole[_DEFINITIONS][reference.removeprefix(_REFERENCE)], **beside}
