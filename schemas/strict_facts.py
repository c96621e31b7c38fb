"""The data of input events as pydantic judges it: every field for itself, with the fault named.

Owns the way from the types of `events.facts`, which stay the one definition of each event, to
models that say precisely what is wrong (`schemas.malformed`) and that the JSON Schemas are drawn
from. Exact and slow; `schemas.plain_inputs` reads what has no fault.
"""

import functools
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic_core import to_json

from events.facts import AnyFactData, InstantMs
from events.timestamps import parse_rfc3339
from schemas.strict_json import Json
from schemas.validation import UnknownFields, as_malformed

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

_CONFIG: Final = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)
_NO_DEFAULT: Final = ...
"""How pydantic writes that a field is required."""


def read_strictly(
    data_type: type[AnyFactData], members: Mapping[str, Json], unknown_fields: UnknownFields
) -> AnyFactData:
    """The data of an event from JSON that was read exactly; null says the same as absent.

    Raises:
        MalformedInput: with the code of the first field that is wrong.
    """
    given = {name: member for name, member in members.items() if member is not None}
    try:
        model = strict_model(data_type).model_validate_json(to_json(given), extra=unknown_fields)
    except ValidationError as error:
        raise as_malformed(error) from error
    return _as_struct(data_type, model)


def _as_struct(struct: type[_Struct], model: BaseModel) -> _Struct:
    hints = get_type_hints(struct)
    members = {
        name: _as_struct(_nested_struct(hints[name]), member)
        if isinstance(member, BaseModel)
        else member
        for name, member in model
    }
    return struct(**members)


def _nested_struct(annotation: Any) -> type[msgspec.Struct]:  # noqa: ANN401 - any annotation
    (struct,) = (
        choice
        for choice in get_args(annotation)
        if isinstance(choice, type) and issubclass(choice, msgspec.Struct)
    )
    return struct


@functools.cache
def strict_model(struct: type[msgspec.Struct]) -> type[BaseModel]:
    """The model of the same name, fields, limits and defaults."""
    hints = get_type_hints(struct, include_extras=True)
    fields: dict[str, Any] = {
        field.name: (
            _judged(hints[field.name]),
            _NO_DEFAULT if field.required else field.default,
        )
        for field in msgspec.structs.fields(struct)
    }
    return create_model(struct.__name__, __config__=_CONFIG, __doc__=struct.__doc__, **fields)


def _judged(annotation: Any) -> object:  # noqa: ANN401 - from any annotation to any other
    """The annotation with msgspec's limits as pydantic's."""
    if annotation == InstantMs:
        return Annotated[
            int,
            BeforeValidator(_instant_ms),
            WithJsonSchema({"type": "string", "format": "date-time"}),
        ]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        value_type, limits = arguments
        contract: dict[str, str] = limits.extra_json_schema or {}
        return Annotated[
            value_type,
            Field(
                ge=limits.ge,
                le=limits.le,
                min_length=limits.min_length,
                max_length=limits.max_length,
                pattern=contract.get("pattern"),
            ),
        ]
    if origin in (Union, UnionType):
        return Union[tuple(_judged(choice) for choice in arguments)]  # noqa: UP007 - at run time
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return strict_model(annotation)
    return cast("object", annotation)


def _instant_ms(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic reports ValueError only
    return parse_rfc3339(value)
