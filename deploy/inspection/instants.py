"""Instants as people type and read them."""

import re
from datetime import UTC, datetime
from typing import Final

from events.timestamps import format_rfc3339, parse_rfc3339

_AGO: Final = re.compile(r"(\d{1,9})(ms|s|m|h|d)", re.ASCII)
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LAST_MS: Final = parse_rfc3339("9999-12-31T23:59:59.999Z")
_DAY_LENGTH: Final = len("2026-01-31")


def instant_ms(text: str, *, now_ms: int) -> int:
    """The instant that `10m` (ago), `2026-01-31` (UTC) or an RFC 3339 date-time means.

    Raises:
        ValueError: it is none of them.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now_ms - int(ago[1]) * _UNIT_MS[ago[2]]
    try:
        return parse_rfc3339(f"{text}T00:00:00Z" if len(text) == _DAY_LENGTH else text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither a time ago (90s, 10m, 2h, 3d) nor a day (2026-01-31) nor an "
            "RFC 3339 time with an offset (2026-01-31T08:00:00Z)"
        ) from error


def span_of_time(duration_ms: float) -> str:
    """A duration in the units that matter: `840 ms`, `12.3 s`, `4 min 5 s`, `3 d 2 h`."""
    seconds = duration_ms / 1000
    if seconds < 1:
        return f"{duration_ms:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d {hour} h"
    if hours:
        return f"{hours} h {minute} min"
    return f"{minutes} min {second} s"


def second_of(timestamp_ms: int) -> str:
    """Month, day and second, UTC: `11-23 16:20:59`."""
    return _utc(timestamp_ms).strftime("%m-%d %H:%M:%S")


def day_of(timestamp_ms: int) -> str:
    """The day, UTC: `2026-11-23`."""
    return _utc(timestamp_ms).strftime("%Y-%m-%d")


def clock_of(timestamp_ms: int) -> str:
    """The time of the day, UTC: `16:20:59.123`."""
    return f"{_utc(timestamp_ms):%H:%M:%S}.{timestamp_ms % 1000:03d}"


def written(timestamp_ms: int) -> str:
    """The instant as our outputs have it: `2026-11-23T16:20:59.123Z`."""
    return format_rfc3339(_within_the_calendar(timestamp_ms))


def _utc(timestamp_ms: int) -> datetime:
    return datetime.fromtimestamp(_within_the_calendar(timestamp_ms) // 1000, tz=UTC)


def _within_the_calendar(timestamp_ms: int) -> int:
    """A publisher that chooses its timestamps can choose years that nobody can write."""
    return min(max(timestamp_ms, 0), _LAST_MS)
