"""A record as one JSON object: for `--json`, and readable by any JSON tool."""

import base64
import json

from deploy.inspection.instants import written
from deploy.records.topic_record import TopicRecord
from events.errors import MalformedInput
from schemas.strict_json import Json, read_object


def record_json(record: TopicRecord) -> dict[str, Json]:
    """Topic, partition, offset, timestamp, key, headers and value of a record.

    A value that is a JSON object stands in it as such, any other text as text. Bytes that are not
    UTF-8 stand in `key_base64`, `value_base64` and `headers_base64`. Of headers that share a name
    the last one stands.
    """
    shown: dict[str, Json] = {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "timestamp": written(record.timestamp_ms),
    }
    shown |= _text_field("key", record.key)
    headers: dict[str, Json] = {}
    binary: dict[str, Json] = {}
    for name, content in record.headers:
        text = None if content is None else _text(content)
        if content is None or text is not None:
            headers[name] = text
        else:
            binary[name] = _base64(content)
    shown["headers"] = headers
    if binary:
        shown["headers_base64"] = binary
    members = parsed_object(record.value)
    if members is None:
        shown |= _text_field("value", record.value)
    else:
        shown["value"] = members
    return shown


def parsed_object(value: bytes | None) -> dict[str, Json] | None:
    """The JSON object that a value is; None if it is anything else, or ambiguous."""
    try:
        return None if value is None else read_object(value)
    except MalformedInput:
        return None


def one_line(answer: dict[str, Json]) -> str:
    """The answer as a line of JSON."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _text_field(name: str, content: bytes | None) -> dict[str, Json]:
    if content is None:
        return {name: None}
    text = _text(content)
    return {f"{name}_base64": _base64(content)} if text is None else {name: text}


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
