"""How the values of an answer are shown to people."""

import re
from typing import Final

_MASK: Final = re.compile(r"[A-Za-z0-9_-]{8}\.([A-Za-z0-9_-]{43})", re.ASCII)
_MASK_SHOWN: Final = 10
_SECOND_LENGTH: Final = len("2026-01-31T08:00:00")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def short_mask(value: object) -> str:
    """A value as text; of a mask the part that tells one from another, cut."""
    if value is None:
        return "-"
    matched = _MASK.fullmatch(str(value))
    return str(value) if matched is None else f"{matched[1][:_MASK_SHOWN]}\u2026"


def shown(value: object) -> str:
    """A value as a table has it: masks cut, instants to the second, numbers in groups of three."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,}"
        case str() if _INSTANT.fullmatch(value):
            return value[:_SECOND_LENGTH].replace("T", " ")
        case _:
            return short_mask(value)


def heading(column: str) -> str:
    """The heading of a column."""
    return column.replace("_", " ")
