"""A dead letter as its page shows it: text where it is text, else bytes, and nothing acted upon."""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from deploy.inspection.record_json import parsed_object
from deploy.records.topic_record import TopicRecord
from deploy.web_console.shown import Shown
from schemas.dead_letters import TRUNCATED_HEADER
from schemas.malformed import MalformedCode

_OURS: Final = "biolatch-"
_BYTES_SHOWN_MAX: Final = 16 * 1024
_ROW_BYTES: Final = 16


class LetterRow(NamedTuple):
    """A letter in the list.

    Attributes:
        at_ms: when it was put aside.
        place: its partition and offset.
        origin: where the original stood.
        code, message: what is wrong.
        device: its key, as the reader may see it; empty where it has none.
    """

    at_ms: int
    place: str
    origin: str
    code: str
    message: str
    device: str


class Content(NamedTuple):
    """A value as lines.

    Attributes:
        form: `JSON`, `text`, `bytes` or `nothing`.
        size: of the whole, in bytes.
        lines: what is shown.
        is_cut: whether that is not all.
    """

    form: str
    size: int
    lines: tuple[str, ...]
    is_cut: bool


def letter_row(letter: TopicRecord, shown: Shown) -> LetterRow:
    """A letter in the list."""
    return LetterRow(
        at_ms=letter.timestamp_ms,
        place=f"{letter.partition.number}/{letter.offset}",
        origin="/".join(
            letter.header(f"biolatch-original-{part}") or "-" for part in ("partition", "offset")
        ),
        code=letter.header("biolatch-error-code") or "-",
        message=letter.header("biolatch-error-message") or "",
        device=shown.device((letter.key or b"").decode(errors="replace")),
    )


def advice_for(code: str) -> str:
    """What the publisher has to do about it; empty for a code that this version does not know."""
    return next((known.mend for known in MalformedCode if known.value == code), "")


def headers_of(letter: TopicRecord) -> list[tuple[str, str]]:
    """The headers of the original, in their order."""
    return [
        (name, "" if value is None else value.decode(errors="replace"))
        for name, value in letter.headers
        if not name.startswith(_OURS)
    ]


def what_was_cut(letter: TopicRecord) -> str:
    """What of the original was too large to keep; empty where nothing was."""
    return letter.header(TRUNCATED_HEADER) or ""


def content_of(value: bytes | None) -> Content:
    """A value in the form in which it can be read best."""
    if value is None:
        return Content("nothing", 0, (), is_cut=False)
    members = parsed_object(value)
    if members is not None:
        text = json.dumps(members, ensure_ascii=False, indent=2)
        return Content("JSON", len(value), tuple(text.split("\n")), is_cut=False)
    some = value[:_BYTES_SHOWN_MAX]
    is_cut = len(some) < len(value)
    try:
        lines = tuple(some.decode().split("\n"))
    except UnicodeDecodeError:
        return Content("bytes", len(value), tuple(_hexadecimal(some)), is_cut=is_cut)
    return Content("text", len(value), lines, is_cut=is_cut)


def _hexadecimal(content: bytes) -> Iterator[str]:
    for at in range(0, len(content), _ROW_BYTES):
        row = content[at : at + _ROW_BYTES]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)  # noqa: PLR2004 (printable ASCII)
        yield f"{at:06x}  {row.hex(' ').ljust(3 * _ROW_BYTES)} {text}"
