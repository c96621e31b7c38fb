"""What pydantic found wrong with the data of an event, as one of our codes."""

from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from events.errors import MalformedInput
from schemas.malformed import MalformedCode, malformed

_NAME_LENGTH_MAX: Final = 64

UnknownFields: TypeAlias = Literal["ignore", "forbid"]
"""What the reader does with a field that the contract does not know."""

_BY_ERROR_TYPE: Final = {
    "missing": MalformedCode.FIELD_MISSING,
    "extra_forbidden": MalformedCode.FIELD_UNKNOWN,
    "greater_than_equal": MalformedCode.NUMBER_OUT_OF_RANGE,
    "less_than_equal": MalformedCode.NUMBER_OUT_OF_RANGE,
    "string_too_short": MalformedCode.FIELD_TEXT,
    "string_too_long": MalformedCode.FIELD_TEXT,
    "string_pattern_mismatch": MalformedCode.FIELD_TEXT,
    "enum": MalformedCode.FIELD_VALUE,
    "literal_error": MalformedCode.FIELD_VALUE,
    "value_error": MalformedCode.FIELD_TIME,
}
"""Everything else pydantic says of our models is a wrong JSON type."""


def as_malformed(error: ValidationError) -> MalformedInput:
    """The first thing that is wrong, by field. Values are not repeated.

    The name of an unknown field is, as far as it is short and ASCII: only publishing refuses one,
    and its author needs the name.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    code = _BY_ERROR_TYPE.get(first["type"], MalformedCode.FIELD_TYPE)
    field = ".".join(str(part) for part in first["loc"])
    if code is MalformedCode.FIELD_UNKNOWN:
        return malformed(code, f"the event has no field {_shown(field)}")
    message = first["msg"].replace("Value error, ", "").replace("Input should", "should")
    return malformed(code, f"{field}: {message}")


def _shown(name: str) -> str:
    """A name that anybody may have written, safe in one line of a log or a terminal."""
    shown = ascii(name)[1:-1]
    return shown if len(shown) <= _NAME_LENGTH_MAX else f"{shown[:_NAME_LENGTH_MAX]}..."
