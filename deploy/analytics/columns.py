"""The columns of the Parquet files: the parts of an OCSF event that questions are about, flat.

Owns the columns' names, which queries and Sigma rules rely on; each is an OCSF path with `_` for
`.`, but for the few that say otherwise. The whole event stands beside them, as JSON.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, cast

import msgspec

from deploy.records.topic_record import TopicRecord
from events.timestamps import parse_rfc3339

Cell: TypeAlias = str | int | bool | None


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    INSTANT_MS = "instant"


class Column(NamedTuple):
    """One column of an event.

    Attributes:
        name: how queries call it.
        type: what it holds.
        paths: where it stands in the event; the first that is there counts.
    """

    name: str
    type: ColumnType
    paths: tuple[str, ...]


def _text(name: str, *paths: str) -> Column:
    return Column(name, ColumnType.TEXT, paths or (name,))


def _integer(name: str, *paths: str) -> Column:
    return Column(name, ColumnType.INTEGER, paths or (name,))


EVENT_COLUMNS: Final = (
    Column("time", ColumnType.INSTANT_MS, ("time",)),
    Column("original_time", ColumnType.INSTANT_MS, ("metadata.original_time",)),
    _text("uid", "metadata.uid"),
    _text("log_name", "metadata.log_name"),
    _integer("sequence", "metadata.sequence"),
    _text("event_code", "metadata.event_code"),
    _text("correlation_uid", "metadata.correlation_uid"),
    _text("policy_version", "policy.version"),
    _integer("class_uid"),
    _text("class_name"),
    _integer("activity_id"),
    _text("activity_name"),
    _integer("type_uid"),
    _integer("severity_id"),
    _text("severity"),
    _integer("status_id"),
    _text("status"),
    _text("status_detail"),
    _text("action"),
    _text("message"),
    _text("device_uid", "device.uid"),
    _text("device_uid_alt", "device.uid_alt"),
    _text("device_model", "device.model"),
    _text("device_os_name", "device.os.name"),
    _text("device_os_version", "device.os.version"),
    _text("user_uid", "user.uid", "actor.user.uid"),
    _text("user_uid_alt", "user.uid_alt", "actor.user.uid_alt"),
    _text("publisher", "service.name", "actor.app_name"),
    _text("session_uid", "session.uid"),
    _integer("factor_type_id", "auth_factors.0.factor_type_id"),
    _text("logon_type"),
    _integer("state_id"),
    _integer("security_level_id"),
    Column("is_alert", ColumnType.BOOLEAN, ("is_alert",)),
    _text("finding_title", "finding_info.title"),
    _text("cause", "unmapped.cause"),
    _text("channel", "unmapped.channel"),
    _text("method", "unmapped.method"),
    _text("outcome", "unmapped.outcome"),
    _text("app_version", "unmapped.app_version"),
    _text("platform_code", "unmapped.platform_code"),
)
"""What is taken out of an event."""

RECORD_COLUMNS: Final = (
    _text("event"),
    Column("logged_time", ColumnType.INSTANT_MS, ()),
    _integer("kafka_partition"),
    _integer("kafka_offset"),
)
"""What is known of its record: the whole event, when Kafka stored it, and where."""

COLUMNS: Final = (*EVENT_COLUMNS, *RECORD_COLUMNS)
_PATHS: Final = tuple(tuple(path.split(".") for path in each.paths) for each in EVENT_COLUMNS)


class Row(NamedTuple):
    """An event as it is kept.

    Attributes:
        time_ms: when it happened; it decides the day.
        cells: a value for each of `COLUMNS`.
    """

    time_ms: int
    cells: tuple[Cell, ...]


def row_of(record: TopicRecord) -> Row:
    """The row of a record; of one that is no event, its text and place are kept and nothing else.

    So every record has its row, whatever somebody wrote to the topic.
    """
    text = (record.value or b"").decode(errors="replace")
    cells = event_cells(record.value)
    time_ms = cells[0] if isinstance(cells[0], int) else record.timestamp_ms
    place = (text, record.timestamp_ms, record.partition.number, record.offset)
    return Row(time_ms, (*cells, *place))


def event_cells(value: bytes | None) -> tuple[Cell, ...]:
    """What `EVENT_COLUMNS` are of an event."""
    try:
        event: object = msgspec.json.decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        event = None
    return tuple(
        _cell(column, event, paths) for column, paths in zip(EVENT_COLUMNS, _PATHS, strict=True)
    )


def _cell(column: Column, event: object, paths: Sequence[Sequence[str]]) -> Cell:
    for path in paths:
        found = _find(event, path)
        if found is not None:
            return _typed(column.type, found)
    return None


def _find(value: object, path: Sequence[str]) -> object:
    for step in path:
        if isinstance(value, dict):
            value = cast("dict[str, object]", value).get(step)
        elif isinstance(value, list) and step.isdecimal():
            items = cast("list[object]", value)
            value = items[int(step)] if int(step) < len(items) else None
        else:
            return None
    return value


def _typed(kind: ColumnType, value: object) -> Cell:
    match kind, value:
        case ColumnType.BOOLEAN, bool():
            return value
        case ColumnType.INTEGER, int() if not isinstance(value, bool):
            return value
        case ColumnType.INSTANT_MS, int() if not isinstance(value, bool):
            return value
        case ColumnType.INSTANT_MS, str():
            try:
                return parse_rfc3339(value)
            except ValueError:
                return None
        case ColumnType.TEXT, str():
            return value
        case _:
            return None
