"""JSON read with suspicion: no duplicate key, no NaN, no depth, nothing that two readers differ on.

The slow and exact reader. `schemas.inputs` comes here for whatever its fast path cannot prove
clean, and to name what is wrong.
"""

import json
from typing import Final, NoReturn, TypeAlias

from schemas.malformed import MalformedCode, malformed

NESTING_MAX: Final = 16
_DIGITS_MAX: Final = 400

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


def read_json(value: bytes) -> Json:
    """A JSON document, or the one thing that is wrong with it.

    Raises:
        MalformedInput: `data.not_utf8`, `data.not_json`, `data.duplicate_key`, `data.not_finite`,
            `data.nested_too_deep` or `data.number_out_of_range`.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise malformed(MalformedCode.NOT_UTF8, "the value is not UTF-8") from error
    if _depth(text) > NESTING_MAX:
        raise malformed(
            MalformedCode.NESTED_TOO_DEEP, f"the JSON is nested deeper than {NESTING_MAX} levels"
        )
    try:
        document: Json = _decoder.decode(text)
    except json.JSONDecodeError as error:
        raise malformed(MalformedCode.NOT_JSON, f"not JSON: {error.msg}") from error
    if "\\u" in text:
        _refuse_lone_surrogates(document)
    return document


def read_object(value: bytes) -> dict[str, Json]:
    """As `read_json`, where nothing but an object will do.

    Raises:
        MalformedInput: as `read_json`, or `data.not_object`.
    """
    document = read_json(value)
    if not isinstance(document, dict):
        raise malformed(MalformedCode.NOT_OBJECT, "the value is JSON but not an object")
    return document


def _depth(text: str) -> int:
    """Greatest nesting of brackets outside strings; 0 for a scalar."""
    if text.count("{") + text.count("[") <= NESTING_MAX:
        return 0  # cannot be too deep, so the exact figure does not matter
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "}]":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise malformed(MalformedCode.DUPLICATE_KEY, "an object has two members of one name")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise malformed(MalformedCode.NOT_FINITE, f"{name} is not a JSON number")


def _bounded_int(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise malformed(
            MalformedCode.NUMBER_OUT_OF_RANGE, f"a number has more than {_DIGITS_MAX} digits"
        )
    return int(digits)


def _refuse_lone_surrogates(document: Json) -> None:
    """Half of a surrogate pair is JSON to some readers and an error to others: refuse it."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise malformed(MalformedCode.NOT_JSON, "not JSON: half of a surrogate pair") from error


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_int=_bounded_int
)
