"""Instants as the wire writes them: RFC 3339, UTC, whole milliseconds, `Z`.

Owns the reading and writing of times. Finer input is truncated; a missing offset, a leap second and
whatever could not be written back are refused, as biolatch does (a test holds the two together).
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def parse_instant(text: str) -> datetime:
    """The instant in UTC, truncated to milliseconds.

    Raises:
        ValueError: not RFC 3339, no offset, a leap second, or outside the years 1 to 9999 in UTC.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time with an offset")
    date, clock, fraction, offset = match.groups()
    whole = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    milliseconds = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return _in_utc(whole) + milliseconds * _MILLISECOND


def whole_milliseconds(moment: datetime) -> datetime:
    """The same instant in UTC, truncated to milliseconds.

    Raises:
        ValueError: it has no offset, or is outside the years 1 to 9999 in UTC.
    """
    if moment.utcoffset() is None:
        raise ValueError("not an instant: the datetime has no time zone")
    moment = _in_utc(moment)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def format_instant(moment: datetime) -> str:
    """The one text form of an instant that `parse_instant` or `whole_milliseconds` returned."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def instant_ms(text: str) -> int:
    """Milliseconds since 1970 of an instant's text.

    Raises:
        ValueError: as `parse_instant`.
    """
    return (parse_instant(text) - _EPOCH) // _MILLISECOND


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an instant.

    Raises:
        ValueError: it has no offset.
    """
    if moment.utcoffset() is None:
        raise ValueError("not an instant: the datetime has no time zone")
    return (moment - _EPOCH) // _MILLISECOND


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the years 1 to 9999 in UTC") from error


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return whole_milliseconds(value)
    if isinstance(value, str):
        return parse_instant(value)
    raise TypeError("neither a datetime nor a text")


def _judged(value: object) -> datetime:
    try:
        return _instant(value)
    except TypeError as error:  # pydantic reports ValueError only
        raise ValueError(str(error)) from error


Instant: TypeAlias = Annotated[
    datetime,
    BeforeValidator(_judged),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware datetime, or on the wire its RFC 3339 text."""
