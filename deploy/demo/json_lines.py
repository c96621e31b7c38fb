"""The show for machines: one JSON object a line, each written as it happens."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.demo.observer import Output
from deploy.demo.player import Outcome
from deploy.demo.presenter import Summary, percentile
from deploy.demo.script import Row, SecondsAgo, Step

if TYPE_CHECKING:
    from deploy.demo.presenter import Preparation


class JsonLines:
    """Writes a line for every step (`"line": "step"`) and one for the sum (`"line": "summary"`)."""

    def begins(self, rows: int) -> None:
        """Say nothing: the first step says enough."""

    @contextmanager
    def preparing(self, what: str) -> "Generator[Preparation]":  # noqa: ARG002 (a Presenter's)
        """Say nothing."""
        yield _Unspoken()

    def row_begins(self, number: int, row: Row) -> None:
        """Say nothing: every step names its row."""

    def publishes(self, row: Row, step: Step) -> None:
        """Say nothing before the answer is there."""

    def hears(self, row: Row, step: Step, outcome: Outcome) -> None:
        """Write the step's line."""
        answer = outcome.answer
        _write(
            {
                "line": "step",
                "row": row.name,
                "tells": step.tells,
                "event": {
                    "type": step.event.type,
                    "device": step.event.device,
                    "data": {
                        name: f"{value.seconds} s ago" if isinstance(value, SecondsAgo) else value
                        for name, value in step.event.data.items()
                    },
                },
                "verdict": None if answer.verdict is None else _spoken(answer.verdict),
                "decisions": [_spoken(decision) for decision in answer.decisions],
                "state": answer.state,
                "phone": outcome.phone or None,
                "latency_ms": round(outcome.latency_ms, 3),
                "differences": outcome.differences,
            }
        )

    def row_ends(self, number: int, row: Row, *, kept: bool) -> None:
        """Say nothing: the summary has all rows."""

    def ends(self, summary: Summary) -> None:
        """Write the last line."""
        latencies_ms = summary.played.latencies_ms
        _write(
            {
                "line": "summary",
                "as_promised": summary.is_as_promised,
                "rows": summary.played.rows,
                "rows_kept": summary.rows_kept,
                "rows_total": summary.rows,
                "events": summary.played.events,
                "verdicts": summary.counts.verdicts,
                "decisions": summary.counts.decisions,
                "dead_letters": summary.counts.dead_letters,
                "repeated": summary.counts.repeated,
                "latency_ms": {
                    "measured": "acknowledged by Kafka to seen by a read_committed reader",
                    "events": len(latencies_ms),
                    "p50": round(percentile(latencies_ms, 0.5), 3),
                    "p95": round(percentile(latencies_ms, 0.95), 3),
                    "max": round(max(latencies_ms), 3),
                }
                if latencies_ms
                else None,
                "took_s": round(summary.took_s, 3),
                "kept": None
                if summary.kept is None
                else {
                    "bootstrap_servers": summary.kept.bootstrap_servers,
                    "data": str(summary.kept.data),
                },
            }
        )


class _Unspoken:
    def goes_on(self, words: str) -> None:
        """Say nothing."""

    def is_ready(self, words: str) -> None:
        """Say nothing."""


def _spoken(output: Output) -> dict[str, object]:
    return {"kind": output.kind, **output.data}


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
