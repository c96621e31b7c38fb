"""What a check says: a summary of what it looked at, and what it found."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    """Something does not work, or is not safe, now."""
    WARNING = "warning"
    """It works, and will not for long, or not when something fails."""
    NOTE = "note"
    """Worth knowing."""


class Finding(NamedTuple):
    """One thing that is not as it should be.

    Attributes:
        code: stable, for machines: `topics.missing`.
        severity: how bad it is.
        message: what was found.
        fix: what mends it; a command where there is one.
    """

    code: str
    severity: Severity
    message: str
    fix: str


class Check(NamedTuple):
    """One look.

    Attributes:
        name: what was looked at.
        summary: what is there, in a few words.
        findings: what is wrong with it.
    """

    name: str
    summary: str
    findings: Sequence[Finding] = ()
