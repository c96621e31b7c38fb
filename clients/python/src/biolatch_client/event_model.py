"""What the models of all events share: frozen, exact, and closed to unknown fields.

Owns the limits of ids and numbers. The models themselves are generated (`biolatch_client.events`).
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Final, TypeAlias, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from biolatch_client.errors import EventRefused
from biolatch_client.words import BIO_EPOCH_MAX, COUNT_MAX, ID_LENGTH_MAX

Id: TypeAlias = Annotated[str, Field(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"^[ -~]+$")]
"""1 to 128 printable ASCII characters."""

BioEpoch: TypeAlias = Annotated[int, Field(ge=1, le=BIO_EPOCH_MAX)]
"""Counted by the app: rises whenever the set of enrolled faces or fingers on the phone changes."""

Count: TypeAlias = Annotated[int, Field(ge=1, le=COUNT_MAX)]
"""1 up to what a JSON number holds exactly in every language."""


class Exact(BaseModel):
    """A value that is checked when it is made and never changes. Null says the same as absent."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        members = cast("Mapping[str, object]", given)
        return {name: member for name, member in members.items() if member is not None}


class EventData(Exact):
    """Base of the data of all input events."""

    event_type: ClassVar[str]


_BY_ERROR_TYPE: Final = {
    "missing": "data.field_missing",
    "extra_forbidden": "data.field_unknown",
    "greater_than_equal": "data.number_out_of_range",
    "less_than_equal": "data.number_out_of_range",
    "string_too_short": "data.field_text",
    "string_too_long": "data.field_text",
    "string_pattern_mismatch": "data.field_text",
    "string_unicode": "data.not_json",
    "enum": "data.field_value",
    "value_error": "data.field_time",
}
"""Everything else that pydantic says of our models is a wrong type."""


@contextmanager
def refusing() -> Generator[None]:
    """Make an event inside; what is wrong with it is said as our own error.

    Raises:
        EventRefused: with the code that the server has for it.
    """
    try:
        yield
    except ValidationError as error:
        raise as_refused(error) from None


def as_refused(error: ValidationError) -> EventRefused:
    """The first thing that is wrong, by field. Values are not repeated."""
    first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    code = _BY_ERROR_TYPE.get(first["type"], "data.field_type")
    if first["type"] == "extra_forbidden":
        return EventRefused(code, f"the event has no field {field}")
    message = first["msg"].replace("Value error, ", "").replace("Input should", "should")
    return EventRefused(code, f"{field}: {message}")
