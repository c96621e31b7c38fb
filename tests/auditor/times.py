"""Times are whole milliseconds since 1970 inside, RFC 3339 text outside."""

import re
from datetime import UTC, date, datetime, timedelta

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_YEAR_10000 = (date.max.toordinal() + 1 - _EPOCH_DAY) * DAY
_YEAR_1 = (date.min.toordinal() - _EPOCH_DAY) * DAY

# RFC 3339, section 5.6; its grammar takes "t" and "z" as well.
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))",
    re.ASCII | re.IGNORECASE,
)


def parse_time(text: str) -> int:
    """The instant, finer digits cut off; ValueError for anything but RFC 3339 with an offset.

    A leap second (`:60`) is refused, and so is an instant that UTC could not write in four digits
    of year.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise ValueError("not RFC 3339 with an offset")
    year, month, day, hour, minute, second = (
        int(digits) for digits in found.group(1, 2, 3, 4, 5, 6)
    )
    fraction, sign, offset_hours, offset_minutes = found.group(7, 8, 9, 10)
    offset = 0
    if sign is not None:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise ValueError("no such offset")
        offset = int(offset_hours) * HOUR + int(offset_minutes) * MINUTE
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("no such time of day")
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    local = days * DAY + hour * HOUR + minute * MINUTE + second * SECOND
    milliseconds = int((fraction or "")[:3].ljust(3, "0"))
    instant = local + milliseconds + (offset if sign == "-" else -offset)
    if not _YEAR_1 <= instant < _YEAR_10000:
        raise ValueError("outside the years 0001 to 9999")
    return instant


def write_time(instant_ms: int) -> str:
    """RFC 3339, UTC, milliseconds, `Z`."""
    moment = _EPOCH + timedelta(milliseconds=instant_ms)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
