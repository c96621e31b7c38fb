"""From an event to the record that Kafka stores: CloudEvents 1.0 in binary mode.

Owns the envelope. The bytes are those that `biolatch publish` writes for the same event, a test
compares them; so whatever reads the topic cannot tell who wrote a record.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from pydantic_core import PydanticSerializationError

from biolatch_client.errors import EventRefused
from biolatch_client.event_model import EventData
from biolatch_client.instants import format_instant, whole_milliseconds
from biolatch_client.words import ID_LENGTH_MAX

DEVICE_EVENTS: Final = "biolatch.device-events"
"""The topic of input events."""

VALUE_BYTES_MAX: Final = 16 * 1024
HEADERS_BYTES_MAX: Final = 16 * 1024
"""All attributes together: far below the megabyte that Kafka would refuse."""

_ATTRIBUTES: Final = frozenset(
    {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}
)
_RESERVED: Final = _ATTRIBUTES | {"signature"}
_EXTENSION_NAME: Final = re.compile(r"[a-z0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a publisher may say of an event besides its data.

    Attributes:
        event_id: unique for the source; a new UUID if not given. Give one to be able to publish
            the same event again: biolatch refuses the second as `duplicate`.
        occurred_at: when it happened; now if not given.
        extensions: extension attributes of CloudEvents, such as `traceparent`. They are not signed.
    """

    event_id: str | None = None
    occurred_at: datetime | None = None
    extensions: Mapping[str, str] = field(default_factory=dict[str, str])


PLAIN: Final = Envelope()
"""A new id, now, and no extensions."""


class EventRecord(NamedTuple):
    """A record ready for the topic, and the names it goes by.

    Attributes:
        key: the device id.
        value: the data as JSON.
        headers: in their order on the wire.
        event_id: as in the headers.
    """

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    event_id: str


def record_of(
    device_id: str, event: EventData, *, source: str, envelope: Envelope = PLAIN
) -> EventRecord:
    """The record of an event.

    Raises:
        EventRefused: an id, the time, an extension or the size is not as the contract says.
    """
    event_id = str(uuid.uuid4()) if envelope.event_id is None else envelope.event_id
    attributes = {
        "specversion": "1.0",
        "id": require_id(event_id, "envelope.id_invalid", "event_id"),
        "source": require_id(source, "envelope.source_invalid", "source"),
        "type": event.event_type,
        "subject": require_id(device_id, "record.key_invalid", "device_id"),
        "time": _time(envelope.occurred_at),
    }
    headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
    headers += [_extension(name, text) for name, text in envelope.extensions.items()]
    headers.append(("content-type", b"application/json"))
    if sum(len(name) + len(text) for name, text in headers) > HEADERS_BYTES_MAX:
        raise EventRefused(
            "envelope.too_large", f"the attributes take more than {HEADERS_BYTES_MAX} bytes"
        )
    return EventRecord(device_id.encode(), value_of(event), tuple(headers), event_id)


def value_of(event: EventData) -> bytes:
    """The data of an event as JSON; fields that have their default are left out.

    Raises:
        EventRefused: it is larger than biolatch takes.
    """
    try:
        value = event.model_dump_json(exclude_defaults=True).encode()
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise EventRefused("data.not_json", "a text has half of a surrogate pair") from error
    if len(value) > VALUE_BYTES_MAX:
        raise EventRefused(
            "record.value_too_large", f"the value is larger than {VALUE_BYTES_MAX} bytes"
        )
    return value


def require_id(text: str, code: str, name: str) -> str:
    """The text, if it is 1 to 128 printable ASCII characters.

    Raises:
        EventRefused: it is not.
    """
    if 1 <= len(text) <= ID_LENGTH_MAX and text.isascii() and text.isprintable():
        return text
    raise EventRefused(code, f"{name} is not 1 to {ID_LENGTH_MAX} printable ASCII characters")


def _time(moment: datetime | None) -> str:
    try:
        return format_instant(whole_milliseconds(moment or datetime.now(UTC)))
    except ValueError as error:
        raise EventRefused("envelope.time_invalid", f"occurred_at is {error}") from error


def _extension(name: str, text: str) -> tuple[str, bytes]:
    if name in _RESERVED or not _EXTENSION_NAME.fullmatch(name):
        raise EventRefused(
            "data.field_unknown",
            "an extension's name is not 1 to 20 of a-z and 0-9, or belongs to CloudEvents itself",
        )
    try:
        return f"ce_{name}", text.encode()
    except UnicodeEncodeError as error:
        raise EventRefused("data.not_json", "an extension has half of a surrogate pair") from error
