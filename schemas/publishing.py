"""From a line of JSON to a record of the input topic, strictly: the publisher's side of the wire.

Owns the form in which `biolatch publish` reads events: structured CloudEvents, one a line (design
section 11). What passes here is accepted by every consumer; what a consumer would merely tolerate
(an unknown field) is refused here.
"""

import re
from typing import Final, NamedTuple

from pydantic_core import to_json

from events.facts import Fact
from schemas.inputs import decode
from schemas.malformed import MalformedCode, malformed
from schemas.strict_json import Json, read_object

_ATTRIBUTES: Final = ("specversion", "id", "source", "type", "subject", "time")
_EXTENSION_NAME: Final = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_NOT_EXTENSIONS: Final = frozenset({*_ATTRIBUTES, "data", "datacontenttype"})
_CONTENT_TYPE: Final = ("content-type", b"application/json")


class PublishableEvent(NamedTuple):
    """A record ready for the input topic, and the fact that it will be read as.

    The fact's `now_ms` and `offset` are not known yet: the broker assigns them.
    """

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    fact: Fact


def read_line(line: bytes) -> PublishableEvent:
    """The record for one line: a CloudEvent in JSON, its data an object.

    `dataschema` and extension attributes (CloudEvents names, text values) travel along as headers.
    An attribute or a field that is null is one that is not there, as CloudEvents has it.

    Raises:
        MalformedInput: the line is no event of biolatch; with a code of `schemas.malformed`.
    """
    event = _without_nulls(read_object(line))
    headers = [(f"ce_{name}", _text(event, name)) for name in _ATTRIBUTES]
    if event.get("datacontenttype", "application/json") != "application/json":
        raise malformed(
            MalformedCode.CONTENT_TYPE_UNKNOWN, "datacontenttype: application/json only"
        )
    headers += [(f"ce_{name}", _extension(event, name)) for name in event if _is_extra(name)]
    data = event.get("data")
    if not isinstance(data, dict):
        raise malformed(MalformedCode.NOT_OBJECT, "data is missing or not an object")
    value = to_json(_without_nulls(data))
    key = _text(event, "subject")
    wire_headers = (*headers, _CONTENT_TYPE)
    fact = decode(key, value, wire_headers, timestamp_ms=0, offset=0, unknown_fields="forbid")
    return PublishableEvent(key, value, wire_headers, fact)


def _without_nulls(members: dict[str, Json]) -> dict[str, Json]:
    return {name: member for name, member in members.items() if member is not None}


def _is_extra(name: str) -> bool:
    return name not in _NOT_EXTENSIONS


def _text(event: dict[str, Json], name: str) -> bytes:
    attribute = event.get(name)
    if attribute is None:
        raise malformed(MalformedCode.ATTRIBUTE_MISSING, f"{name} is missing")
    if not isinstance(attribute, str):
        raise malformed(MalformedCode.FIELD_TYPE, f"{name} is not a text")
    return attribute.encode()


def _extension(event: dict[str, Json], name: str) -> bytes:
    if not _EXTENSION_NAME.fullmatch(name):
        raise malformed(
            MalformedCode.FIELD_UNKNOWN,
            "an attribute is neither of CloudEvents nor an extension (a-z, 0-9, at most 20)",
        )
    return _text(event, name)
