"""Instants as whole milliseconds since 1970 (UTC), and their one text form.

Reads RFC 3339 with an offset, truncates anything finer than a millisecond, and writes UTC with
milliseconds and `Z` (design section 2). A leap second, a missing offset, and an instant outside
the years 1 to 9999 UTC are malformed: they could not be written back.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final, TypeAlias

import msgspec

Rfc3339: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
        extra_json_schema={"format": "date-time"},
    ),
]
"""The one text form, as outputs carry it."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


def parse_rfc3339(text: str) -> int:
    """Milliseconds since 1970 of an RFC 3339 date-time with an offset.

    Raises:
        ValueError: not RFC 3339, no offset, a leap second, or outside the years 1 to 9999 in UTC.
    """
    milliseconds = _MILLISECONDS_BY_TEXT.get(text[_SECOND_LENGTH:])
    if milliseconds is None:
        return _parse(text)
    # Our own form, and most publishers': events of one second share the work.
    return _second_ms(text[:_SECOND_LENGTH]) + milliseconds


@lru_cache(maxsize=4096)
def _second_ms(second: str) -> int:
    """Start of a second written `YYYY-MM-DDTHH:MM:SS`, UTC."""
    return _parse(second + "Z")


def _parse(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time with an offset")
    date, clock, fraction, offset = match.groups()
    moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if offset in 'Zz' else offset}")
    milliseconds = int(fraction[:3].ljust(3, "0")) if fraction else 0
    whole_seconds_ms = (moment - _EPOCH) // _MILLISECOND
    if not _FIRST_MS <= whole_seconds_ms <= _LAST_MS:
        raise ValueError("outside the years 1 to 9999 in UTC")
    return whole_seconds_ms + milliseconds


def format_rfc3339(instant_ms: int) -> str:
    """The one text form of an instant: UTC, milliseconds, `Z`.

    Raises:
        OverflowError: outside the years 1 to 9999, which `parse_rfc3339` never returns.
    """
    seconds, milliseconds = divmod(instant_ms, 1000)
    return _second_text(seconds) + _MILLISECOND_TEXTS[milliseconds]


@lru_cache(maxsize=4096)
def _second_text(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").zfill(19)


_SECOND_LENGTH: Final = len("2026-01-31T23:59:59")
_MILLISECOND_TEXTS: Final = tuple(f".{milliseconds:03d}Z" for milliseconds in range(1000))
_MILLISECONDS_BY_TEXT: Final = {text: value for value, text in enumerate(_MILLISECOND_TEXTS)}
_FIRST_MS: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_LAST_MS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
