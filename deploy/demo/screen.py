"""The show for people: on a terminal in colours, in a pipe as plain text, 80 columns wide.

Owns the looks. Must never be needed to understand what happened: colours only repeat what the
words say.
"""

import textwrap
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.status import Status
from rich.text import Text

from deploy.demo.observer import Output
from deploy.demo.player import Outcome
from deploy.demo.presenter import KeptKafka, Summary, most_common, percentile
from deploy.demo.script import Row, Step
from deploy.demo.wording import event_words, output_words, state_words

_WIDTH: Final = 80
_WIDTH_MIN: Final = 72
_MARGIN: Final = "   "
_LABEL: Final = 10
_KIND: Final = 22
_RIGHT: Final = 8

_STYLES: Final[Mapping[str, str]] = {
    "accepted": "green",
    "applied": "green",
    "enabled": "green",
    "re-enabled": "green",
    "rearmed": "green",
    "rebaselined": "green",
    "noted": "blue",
    "failed": "yellow",
    "not-counted": "yellow",
    "fallback-required": "yellow",
    "refresh-advised": "yellow",
    "re-enable-required": "yellow",
    "refused": "red",
    "disabled": "red",
}

_NEXT: Final = (
    ("biolatch kafka start", "a Kafka of your own, kept in this folder"),
    ("biolatch topics apply", "its topics"),
    ("biolatch run", "a worker, until Ctrl-C"),
    ("biolatch publish FILE", "your own events, one line of JSON each"),
    ("biolatch explain DEVICE", "what happened to a device, and why"),
    ("docs/tutorial.md", "all of it step by step, in five minutes"),
)


class Screen:
    """Prints everything as it happens."""

    def __init__(self, console: Console) -> None:
        """Print there, 80 columns wide, or on a narrow console as few as 72."""
        self._console: Final = console
        self._width: Final = max(_WIDTH_MIN, min(console.width, _WIDTH))
        self._rows = 0

    def begins(self, rows: int) -> None:
        """The show has so many rows."""
        self._rows = rows
        title = Text.assemble(
            ("biolatch demo", "bold"),
            f"   {rows} promises about logging in with face or fingerprint, kept live",
        )
        self._print()
        self._print(title)
        self._print()

    @contextmanager
    def preparing(self, what: str) -> "Generator[_PreparationOnScreen]":
        """Show that something is on its way, then that it is there."""
        began_at = time.monotonic()
        with self._console.status(f"{what} …", spinner_style="blue") as status:
            preparation = _PreparationOnScreen(what, status)
            yield preparation
        took = f"{time.monotonic() - began_at:.1f} s"
        words = Text.assemble(("✓ ", "green"), f"{what:<20}", (preparation.words, "dim"))
        self._print(self._with_right(words, took))

    def row_begins(self, number: int, row: Row) -> None:
        """Print the row's name between rules, and its promise."""
        self._print()
        name = f" {number}/{self._rows}  {row.name} "
        rule = "─" * (self._width - len(name) - 2)
        self._print(Text.assemble(("──", "blue"), (name, "bold blue"), (rule, "blue")))
        self._print_wrapped(_MARGIN, row.promise, "italic")

    def publishes(self, row: Row, step: Step) -> None:  # noqa: ARG002 (an Audience is told both)
        """Print the story and the event."""
        if step.tells:
            self._print()
            self._print_wrapped(_MARGIN, step.tells, "")
        event = step.event
        self._labelled("backend", event.name, "cyan", event_words(event, step.shows))

    def hears(self, row: Row, step: Step, outcome: Outcome) -> None:  # noqa: ARG002 (as above)
        """Print verdict, decisions, state and phone; then whatever is not as it should be."""
        subject = step.event.data.get("user_id")
        answer = outcome.answer
        label, right = "biolatch", f"{outcome.latency_ms:.0f} ms"
        for output in _outputs(answer.verdict, answer.decisions):
            words = output_words(output, subject=subject)
            self._labelled(label, output.kind, _STYLES[output.kind], words, right)
            label = right = ""
        user = (answer.state or {}).get("users", {}).get(subject)
        if step.state is not None and user is not None:
            self._labelled("state", state_words(user), "", "")
        if outcome.phone:
            self._labelled("phone", f"“{outcome.phone}”", "bold", "")
        for difference in outcome.differences:
            self._labelled("✗", difference, "bold red", "")

    def row_ends(self, number: int, row: Row, *, kept: bool) -> None:  # noqa: ARG002 (as above)
        """Tick the row, or cross it out."""
        mark, style = ("✓", "bold green") if kept else ("✗", "bold red")
        self._print()
        self._print(Text.assemble(_MARGIN, (f"{mark} {row.name}", style)))

    def ends(self, summary: Summary) -> None:
        """Print the sum, and where to go from here."""
        self._print()
        self._print(Text("━" * self._width, "blue"))
        self._print()
        self._print_rows(summary)
        self._print()
        self._print_counts(summary)
        self._print()
        self._print_latency(summary.played.latencies_ms)
        self._print()
        if summary.kept is None:
            self._print_next(summary.took_s)
        else:
            self._print_kept(summary.kept)
        self._print()

    def _print_next(self, took_s: float) -> None:
        self._print(f"{took_s:.0f} s in all. Everything that was started is gone again.")
        self._print()
        self._print(Text("Where to go next", "bold"))
        for command, purpose in _NEXT:
            self._print(Text.assemble("  ", (f"{command:<26}", "cyan"), purpose))

    def _print_rows(self, summary: Summary) -> None:
        kept, style = summary.rows_kept, "bold green" if summary.is_as_promised else "bold red"
        self._print(Text(f"{kept}/{summary.rows} rows came out as promised", style))
        for name, is_kept in summary.played.rows.items():
            if not is_kept:
                self._print(Text(f"  ✗ {name}", "bold red"))
        if summary.played.is_cut_short:
            self._print("  An event got no verdict, so the rest of the story was not told.")
        elif kept == summary.rows and not summary.is_as_promised:
            self._print(Text("  ✗ more or less was written than the story accounts for", "red"))

    def _print_counts(self, summary: Summary) -> None:
        counts = summary.counts
        self._counted("events published", summary.played.events)
        self._counted("verdicts", counts.verdicts)
        self._counted("decisions", counts.decisions)
        exact = "each exactly once" if not counts.repeated else f"{counts.repeated} of them twice"
        self._labelled_wide(f"{counts.dead_letters} dead letters", f"outputs: {exact}")

    def _print_latency(self, latencies_ms: list[float]) -> None:
        if not latencies_ms:
            return
        p50, p95 = percentile(latencies_ms, 0.5), percentile(latencies_ms, 0.95)
        figures = f"p50 {p50:.1f} ms   p95 {p95:.1f} ms   max {max(latencies_ms):.1f} ms"
        self._print(Text.assemble((figures, "bold")))
        self._print_wrapped(
            "",
            "from the moment Kafka acknowledged an event to its publisher until a read_committed "
            f"reader had its verdict and all its decisions; {len(latencies_ms)} events, one after "
            "the other.",
            "dim",
        )

    def _print_kept(self, kept: KeptKafka) -> None:
        self._print("Apache Kafka goes on, with everything that was written. To look at it:")
        setting = f"BIOLATCH_KAFKA__BOOTSTRAP_SERVERS={kept.bootstrap_servers}"
        for command in (
            f"export {setting}",
            "biolatch explain ana-iphone",
            "biolatch state family-tablet",
            "biolatch tail decisions",
        ):
            self._print(Text(f"  {command}", "cyan"))
        self._print("and to end it:")
        command = f"biolatch kafka stop --data {kept.data} && rm -r {kept.data.parent}"
        self._print(Text(f"  {command}", "cyan"))

    def _counted(self, what: str, counter: Counter[str]) -> None:
        words = ", ".join(f"{name} {count}" for name, count in most_common(counter))
        self._labelled_wide(f"{counter.total()} {what}", words)

    def _labelled_wide(self, label: str, words: str) -> None:
        for part in textwrap.wrap(words, self._width - 22) or [""]:
            self._print(Text.assemble(f"{label:<22}", (part, "dim")))
            label = ""

    def _labelled(self, label: str, kind: str, style: str, words: str, right: str = "") -> None:
        """One line of a conversation: who, what and details; as many lines as these need."""
        indent = f"{_MARGIN}  {label:<{_LABEL}}"
        body = Text(words or kind, "" if words else style)
        if words:
            head = Text.assemble((indent, "dim"), (f"{kind}  ".ljust(_KIND), style))
        else:
            head = Text(indent, "dim")
        room = self._width - head.cell_len - (_RIGHT if right else 0)
        for line in body.wrap(self._console, room):
            line.rstrip()
            self._print(self._with_right(Text.assemble(head, line), right))
            head, right = Text(" " * head.cell_len), ""

    def _with_right(self, words: Text, right: str) -> Text:
        gap = max(1, self._width - words.cell_len - len(right))
        return Text.assemble(words, " " * gap, (right, "dim")) if right else words

    def _print_wrapped(self, indent: str, words: str, style: str) -> None:
        for line in textwrap.wrap(words, self._width - len(indent)):
            self._print(Text.assemble(indent, (line, style)))

    def _print(self, words: Text | str = "") -> None:
        # Every line was made to fit; whatever cannot be broken may be longer.
        self._console.print(words, soft_wrap=True)


class _PreparationOnScreen:
    def __init__(self, what: str, status: Status) -> None:
        self._what: Final = what
        self._status: Final = status
        self.words = ""

    def goes_on(self, words: str) -> None:
        """Show it beside the spinner."""
        self._status.update(f"{self._what} … {words}")

    def is_ready(self, words: str) -> None:
        """Keep it for the line that stays."""
        self.words = words


def _outputs(verdict: Output | None, decisions: tuple[Output, ...]) -> Iterator[Output]:
    if verdict is not None:
        yield verdict
    yield from decisions
