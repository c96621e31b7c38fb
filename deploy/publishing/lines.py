"""Lines out of pieces of a stream, without ever holding an over-long one."""

from typing import Final, NamedTuple

from schemas.topics import INPUT_VALUE_BYTES_MAX

LINE_BYTES_MAX: Final = 8 * INPUT_VALUE_BYTES_MAX
"""Longest line that is looked at: the largest value, with every character of it escaped in six
(`\\u0041`), and room for the envelope."""


class Line(NamedTuple):
    """One line without its end, counted from 1; no text where it is over-long."""

    number: int
    text: bytes | None

    @property
    def is_blank(self) -> bool:
        """Whether it says nothing."""
        return self.text is not None and not self.text.strip()


class LineSplitter:
    """Takes a stream in pieces as they come and gives its lines."""

    def __init__(self) -> None:
        """Start at the stream's first byte."""
        self._number = 0
        self._rest = b""
        self._is_too_long = False

    def feed(self, piece: bytes) -> list[Line]:
        """The lines that this piece completes."""
        *complete, self._rest = (self._rest + piece).split(b"\n")
        lines = [self._line(text) for text in complete]
        if len(self._rest) > LINE_BYTES_MAX:
            self._rest = b""
            self._is_too_long = True
        return lines

    def end(self) -> list[Line]:
        """The last line, where the stream did not end it."""
        text, self._rest = self._rest, b""
        return [self._line(text)] if text or self._is_too_long else []

    def _line(self, text: bytes) -> Line:
        is_whole = not self._is_too_long and len(text) <= LINE_BYTES_MAX
        self._is_too_long = False
        self._number += 1
        return Line(self._number, text if is_whole else None)
