"""A device's steps as lines: what came in, and indented below it what biolatch made of it."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from deploy.inspection.history import Step
from deploy.inspection.instants import clock_of, day_of
from deploy.inspection.record_words import (
    Tone,
    Words,
    dead_letter_words,
    input_words,
    message_of,
    output_words,
)

_UNREADABLE: Final = Words("malformed", "", Tone.PLAIN)
_GAP: Final = "  "
_INDENT: Final = " " * len("16:20:59.123" + _GAP)
_NOT_KEPT: Final = Words("(input no longer kept)", "", Tone.PLAIN)


class HistoryLines:
    """Prints steps; a line with the day stands above the first step of each."""

    def __init__(self, console: Console) -> None:
        """Print there; if it is no terminal, nothing is cut and nothing is coloured."""
        self._console = console
        self._day = ""

    def show(self, step: Step) -> None:
        """Print one step."""
        day = day_of(step.timestamp_ms)
        if day != self._day:
            self._day = day
            self._console.print(Text(f"{day} (UTC)", style="bold"))
        clock = (clock_of(step.timestamp_ms), "dim")
        event = _event_words(step)
        place = (f"{step.origin.partition}/{step.origin.offset}", "dim")
        head = Text.assemble(clock, _GAP, (event.kind, "bold"), _GAP, event.about)
        self._print(Text.assemble(head, _GAP if event.about else "", place))
        said = frozenset((event.kind, *event.about.split(_GAP)))
        for mark, words in _consequences(step, said):
            kind = (words.kind, words.tone.value)
            self._print(Text.assemble(_INDENT, mark, " ", kind, _GAP, words.about))

    def _print(self, line: Text) -> None:
        line.rstrip()
        if self._console.is_terminal:
            self._console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(line, soft_wrap=True)


def _event_words(step: Step) -> Words:
    if step.event is None:
        return _NOT_KEPT
    words = input_words(step.event)
    # What is wrong with it is what its dead letter says; one that was refused for its signature,
    # or skipped, can be read all the same.
    return _UNREADABLE if step.dead_letters and words.tone is Tone.BAD else words


def _consequences(step: Step, said: frozenset[str]) -> Iterator[tuple[str, Words]]:
    for letter in step.dead_letters:
        words = dead_letter_words(letter)
        yield "!", Words("dead letter", f"{words.kind}: {message_of(letter)}", words.tone)
    if step.verdict is not None:
        yield "-", output_words(step.verdict, said=said)
    elif not step.dead_letters:
        yield "-", Words("not decided yet", "", Tone.CARE)
    for decision in step.decisions:
        yield "*", output_words(decision, said=said)
