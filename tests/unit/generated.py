"""Arbitrary values of our types, built from their annotations, so that a new field joins in."""

from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from events.facts import InstantMs, PublicKey
from events.public_state import USERS_MAX
from events.scalars import BioEpoch, BioEpochOrNone, Count, Id, PolicyVersion
from events.timestamps import Rfc3339, format_rfc3339
from events.vocabulary import BIO_EPOCH_MAX, COUNT_MAX

INSTANT_MS_MIN, INSTANT_MS_MAX = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999."""

STABLE = settings(derandomize=True, deadline=None, database=None, max_examples=60)
"""The same examples in every run: a failure here is a change in the code."""

PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
IDS = st.text(PRINTABLE, min_size=1, max_size=128)
INSTANTS_MS = st.integers(INSTANT_MS_MIN, INSTANT_MS_MAX)
_TEXTS = st.text(max_size=40)
_COORDINATES = st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)

_BY_ANNOTATION: dict[Any, st.SearchStrategy[Any]] = {
    Id: IDS,
    BioEpoch: st.integers(1, BIO_EPOCH_MAX),
    BioEpochOrNone: st.integers(0, BIO_EPOCH_MAX),
    Count: st.integers(1, COUNT_MAX),
    PolicyVersion: st.text(PRINTABLE, min_size=1, max_size=64),
    Annotated[int, msgspec.Meta(ge=0)]: st.integers(0, 10_000),
    Rfc3339: INSTANTS_MS.map(format_rfc3339),
    str: _TEXTS,
    int: st.integers(0, COUNT_MAX),
    bool: st.booleans(),
    bytes: st.binary(max_size=128),
    NoneType: st.none(),
}


def values(annotation: object) -> st.SearchStrategy[Any]:
    """Values of a field so annotated."""
    if annotation in _BY_ANNOTATION:
        return _BY_ANNOTATION[annotation]
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        return values(arguments[0])
    if origin in (Union, UnionType):
        return st.one_of([values(choice) for choice in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=4).map(tuple)
    if origin is dict:
        members = (values(argument) for argument in arguments)
        return st.dictionaries(*members, min_size=1, max_size=USERS_MAX // 4)
    assert isinstance(annotation, type)
    return st.sampled_from(annotation) if issubclass(annotation, StrEnum) else instances(annotation)


def instances(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Values of a struct."""
    hints = get_type_hints(struct, include_extras=True)
    return st.builds(struct, **{name: values(hints[name]) for name in struct.__struct_fields__})


def wire_data(struct: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Data of an input event as JSON has it; optional fields now and then."""
    hints = get_type_hints(struct, include_extras=True)
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(struct):
        (required if field.required else optional)[field.name] = _wire_values(hints[field.name])
    return st.fixed_dictionaries(required, optional=optional)


def _wire_values(annotation: object) -> st.SearchStrategy[Any]:
    if annotation == InstantMs:
        return INSTANTS_MS.map(format_rfc3339)
    if get_origin(annotation) in (Union, UnionType):
        return st.one_of(
            [_wire_values(choice) for choice in get_args(annotation) if choice is not NoneType]
        )
    if annotation is PublicKey:
        return wire_data(PublicKey)
    if get_origin(annotation) is Annotated and annotation not in _BY_ANNOTATION:
        return _COORDINATES
    return values(annotation)
