"""What travels on each topic, as AsyncAPI messages.

Owns which contract belongs to which topic, and the headers: those of CloudEvents stand in one
trait. A topic that has no part of its own here carries the contracts that are named after it
(`<topic>.v1`, `<topic>.v2`, ...), or none. Examples are the golden records
(`schemas/examples.json`, drawn from `tests/golden` by `make docs`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import JsonSchemaValue

from events.decisions import DECISION_TYPES
from events.facts import FACT_TYPES
from events.scalars import ID_PATTERN
from events.verdicts import VERDICT_TYPES
from events.vocabulary import ID_LENGTH_MAX
from schemas.export import PUBLIC_STATE_NAME, json_schemas
from schemas.malformed import MalformedCode
from schemas.outputs import AS_OF_HEADER, SOURCE
from schemas.topics import (
    DEAD_LETTERS,
    DECISIONS,
    DEVICE_EVENTS,
    DEVICE_STATE,
    VERDICTS,
    TopicName,
)

EXAMPLES_FILE: Final = Path(__file__).parent / "examples.json"
TOMBSTONE_NAME: Final = "biolatch.device-state.tombstone"
DEAD_LETTER_NAME: Final = "biolatch.dead-letter"

_CLOUD_EVENT: Final = "cloud-event"
_KEYED: Final = "keyed-by-device"
KAFKA_BINDING_VERSION: Final = "0.5.0"
_ID: Final[JsonSchemaValue] = {
    "type": "string",
    "minLength": 1,
    "maxLength": ID_LENGTH_MAX,
    "pattern": ID_PATTERN,
}
_TEXT: Final[JsonSchemaValue] = {"type": "string"}
_NUMBER: Final[JsonSchemaValue] = {"type": "string", "pattern": "^\\d+$"}
_PLACE: Final[JsonSchemaValue] = {"type": "string", "pattern": "^.+/\\d+/\\d+$"}
_REQUIRED: Final = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "content-type",
)


def message_traits() -> dict[str, JsonSchemaValue]:
    """What messages have in common: the headers of a CloudEvent, and the key."""
    return {
        _CLOUD_EVENT: {"headers": _cloud_event_headers()},
        _KEYED: {
            "bindings": {
                "kafka": {
                    "key": {**_ID, "description": "The device id, in UTF-8."},
                    "bindingVersion": KAFKA_BINDING_VERSION,
                }
            }
        },
    }


def messages_on(topic: TopicName) -> dict[str, JsonSchemaValue]:
    """The messages of a topic by name; none for a topic whose format is nobody's business."""
    return {name: message | _examples(name) for name, message in _messages_on(topic)}


def _messages_on(topic: TopicName) -> Iterator[tuple[str, JsonSchemaValue]]:
    match topic:
        case _ if topic == DEVICE_EVENTS:
            for fact_type in FACT_TYPES:
                yield fact_type.event_type, _cloud_event(fact_type.event_type)
        case _ if topic in (VERDICTS, DECISIONS):
            for output_type in VERDICT_TYPES if topic == VERDICTS else DECISION_TYPES:
                yield output_type.event_type, _answer(output_type.event_type)
        case _ if topic == DEVICE_STATE:
            as_of = _headers({AS_OF_HEADER: _place("The input record up to which it holds.")})
            yield PUBLIC_STATE_NAME, _value(PUBLIC_STATE_NAME) | {"headers": as_of}
            yield TOMBSTONE_NAME, _tombstone() | {"headers": as_of}
        case _ if topic == DEAD_LETTERS:
            yield DEAD_LETTER_NAME, _dead_letter()
        case _:
            of_this_topic = re.compile(rf"{re.escape(topic)}\.v\d+")
            for name in _contracts():
                if of_this_topic.fullmatch(name):
                    yield name, _value(name)


def _value(name: str) -> JsonSchemaValue:
    """A message whose value is described by a contract."""
    contract = _contracts()[name]
    return {
        "name": name,
        "title": contract["title"],
        "summary": contract["description"],
        "contentType": "application/json",
        "traits": [_trait(_KEYED)],
        "payload": {"$ref": f"#/components/schemas/{name}"},
    }


def _cloud_event(name: str) -> JsonSchemaValue:
    typed = {"properties": {"ce_type": {"type": "string", "const": name}}}
    return _value(name) | {"traits": [_trait(_CLOUD_EVENT), _trait(_KEYED)], "headers": typed}


def _answer(name: str) -> JsonSchemaValue:
    """A CloudEvent that biolatch answers an input with."""
    message = _cloud_event(name)
    message["headers"]["properties"] |= {
        "ce_id": _place("<input topic>/<partition>/<offset>/<index>; the verdict has index 0."),
        "ce_source": {"type": "string", "const": SOURCE},
        "ce_causationid": {**_ID, "description": "`ce_id` of the input."},
    }
    message["headers"]["required"] = [*_REQUIRED, "ce_causationid"]
    return message


def _tombstone() -> JsonSchemaValue:
    return {
        "name": TOMBSTONE_NAME,
        "title": "Tombstone",
        "summary": "No user is left on the device: forget what was known of it.",
        "traits": [_trait(_KEYED)],
        "payload": {"type": "null"},
    }


def _dead_letter() -> JsonSchemaValue:
    return {
        "name": DEAD_LETTER_NAME,
        "title": "DeadLetter",
        "summary": "An input that could not be decoded: key, value and headers as they came.",
        "description": "Behind its own headers stand those that tell where it was and what is "
        "wrong with it.",
        "contentType": "application/octet-stream",
        "headers": _headers(
            {
                "biolatch-original-topic": _TEXT,
                "biolatch-original-partition": _NUMBER,
                "biolatch-original-offset": _NUMBER,
                "biolatch-original-timestamp": {
                    **_NUMBER,
                    "description": "Milliseconds since 1970.",
                },
                "biolatch-error-code": {
                    "type": "string",
                    "enum": [code.value for code in MalformedCode],
                },
                "biolatch-error-message": {
                    **_TEXT,
                    "description": "Names fields and limits, never a value.",
                },
            }
        ),
    }


def _headers(properties: Mapping[str, JsonSchemaValue]) -> JsonSchemaValue:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _cloud_event_headers() -> JsonSchemaValue:
    properties: dict[str, JsonSchemaValue] = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {**_ID, "description": "Unique for its source."},
        "ce_source": {**_ID, "description": "The publisher."},
        "ce_type": _TEXT,
        "ce_subject": {**_ID, "description": "The device id, as the key."},
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339, with an offset.",
        },
        "content-type": {"type": "string", "description": "`application/json`."},
    }
    return {"type": "object", "properties": properties, "required": list(_REQUIRED)}


def _place(description: str) -> JsonSchemaValue:
    return {**_PLACE, "description": description}


def _trait(name: str) -> JsonSchemaValue:
    return {"$ref": f"#/components/messageTraits/{name}"}


def _examples(name: str) -> JsonSchemaValue:
    examples = _golden_examples().get(name)
    return {} if examples is None else {"examples": examples}


@cache
def _contracts() -> Mapping[str, JsonSchemaValue]:
    return json_schemas()


@cache
def _golden_examples() -> Mapping[str, list[dict[str, Any]]]:
    examples: Mapping[str, list[dict[str, Any]]] = json.loads(
        EXAMPLES_FILE.read_text(encoding="utf-8")
    )
    return examples
