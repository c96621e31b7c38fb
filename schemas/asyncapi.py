"""The whole contract as one AsyncAPI 3.1 document: topics, who writes them, and what travels there.

Drawn from the topology and from the JSON Schemas, so a topic or a contract that is added later
appears by itself. Owns channels and operations, which are told from biolatch's side: it receives
what backends publish and sends the rest. `schemas.asyncapi_messages` has the messages.
"""

import json
from collections.abc import Iterable
from typing import Final, assert_never

from pydantic.json_schema import JsonSchemaValue

from schemas.asyncapi_messages import KAFKA_BINDING_VERSION, message_traits, messages_on
from schemas.asyncapi_schemas import component_schemas
from schemas.sizing import PRODUCTION
from schemas.topics import APPLICATION_DEFAULT, Cleanup, Topic, Topology, topology

ASYNCAPI_VERSION: Final = "3.1.0"

_DAY_MS: Final = 24 * 60 * 60 * 1000

_DESCRIPTION: Final = """\
What backends publish to biolatch and what it publishes: may this device use "log in with face or \
fingerprint" now, and if not, why and what should the user do next?

Events are CloudEvents 1.0 in Kafka's binary mode: attributes are headers, the value is the data \
as JSON. The key is the device id, everything about a device lies under one partition number in \
every topic, and order per device is kept. Consumers read committed records only \
(`isolation.level=read_committed`) and ignore fields, words and events that they do not know."""


def asyncapi_document(*, version: str) -> JsonSchemaValue:
    """The document for an application of the default name, sized for production.

    Args:
        version: of biolatch.
    """
    topics = topology()
    messages = {topic.name: messages_on(topic.name) for topic in topics.topics}
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "id": "urn:biolatch:contract",
        "info": {
            "title": "biolatch",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            topic.name: _channel(topic, messages[topic.name], is_internal=_is_internal(topic))
            for topic in topics.topics
        },
        "operations": dict(_operation(topic, topics) for topic in topics.topics),
        "components": {
            "schemas": component_schemas(),
            "messages": {
                name: message for each in messages.values() for name, message in each.items()
            },
            "messageTraits": message_traits(),
        },
    }


def asyncapi_text(*, version: str) -> str:
    """The same as JSON, as it is committed and exported."""
    return json.dumps(asyncapi_document(version=version), indent=2, ensure_ascii=False) + "\n"


def _is_internal(topic: Topic) -> bool:
    """Whether a topic belongs to one application, as only what nobody else reads does."""
    return topic.name.startswith(f"{APPLICATION_DEFAULT}-")


def _channel(topic: Topic, messages: Iterable[str], *, is_internal: bool) -> JsonSchemaValue:
    purpose = f"{topic.purpose[0].upper()}{topic.purpose[1:]}."
    contract = " Internal: its format may change with any version." if is_internal else ""
    channel: JsonSchemaValue = {
        "address": topic.name,
        "title": topic.name,
        "summary": purpose,
        "description": f"{purpose}{contract} {_retention(topic)}: {topic.retention_reason}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": PRODUCTION.partitions,
                "replicas": PRODUCTION.replication,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": KAFKA_BINDING_VERSION,
            }
        },
    }
    return channel


def _retention(topic: Topic) -> str:
    days = topic.retention_ms // _DAY_MS
    time = "a day" if days == 1 else f"{days} days"
    match topic.cleanup:
        case Cleanup.DELETE:
            return f"Records stay for {time}"
        case Cleanup.COMPACT:
            return f"The last record of each key stays, and its removal can be read for {time}"
        case _:
            assert_never(topic.cleanup)


def _configuration(topic: Topic) -> JsonSchemaValue:
    settings = topic.settings(replication=PRODUCTION.replication)
    configuration: JsonSchemaValue = {name: _typed(value) for name, value in settings.items()}
    return configuration | {"cleanup.policy": [settings["cleanup.policy"]]}


def _typed(value: str) -> bool | int | float | str:
    """A setting as the number or truth value that Kafka takes it for."""
    try:
        typed: bool | int | float | str = json.loads(value)
    except ValueError:
        return value
    return typed


def _operation(topic: Topic, topics: Topology) -> tuple[str, JsonSchemaValue]:
    action = "receive" if topic is topics.device_events else "send"
    operation: JsonSchemaValue = {
        "action": action,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "title": f"{action} {topic.name}",
        "summary": f"biolatch {action}s {topic.purpose}.",
    }
    if action == "receive":
        group = {
            "type": "string",
            "default": APPLICATION_DEFAULT,
            "description": "The workers' consumer group.",
        }
        operation["bindings"] = {
            "kafka": {"groupId": group, "bindingVersion": KAFKA_BINDING_VERSION}
        }
    return f"{action}-{topic.name}", operation
