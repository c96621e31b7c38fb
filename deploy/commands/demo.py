"""`biolatch demo`: every promise kept live, on a real Apache Kafka, in less than a minute."""

import asyncio
import sys
from io import BufferedWriter, TextIOWrapper
from typing import Annotated, cast

import typer

from deploy.command_app import command_app
from deploy.console import answers, diagnostics
from deploy.demo.json_lines import JsonLines
from deploy.demo.screen import Screen
from deploy.demo.show import ShowOptions, run_show
from deploy.exit_codes import ExitCode

_PACE_S_ON_A_TERMINAL = 0.1

app = command_app("Show every feature live, on an Apache Kafka of its own.")


@app.command()
def demo(
    *,
    pace: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=60,
            metavar="SECONDS",
            help="Pause behind every step, for showing it to others.",
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave Kafka running with everything in it.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for machines.")
    ] = False,
) -> None:
    """Show every feature live, on an Apache Kafka of its own.

    A worker and a separate publisher process play a story that covers every row of the feature
    table, and every answer is compared with what was promised: a difference ends with exit code
    1. Nothing is left running and nothing on disk, unless you say --keep. The first run on a
    machine fetches Apache Kafka (43 MB).
    """
    console = answers()
    # An old terminal may lack a tick; that is no reason to fail.
    cast("TextIOWrapper[BufferedWriter]", sys.stdout).reconfigure(errors="replace")
    if pace is None:
        pace = _PACE_S_ON_A_TERMINAL if console.is_terminal and not as_json else 0
    presenter = JsonLines() if as_json else Screen(console)
    try:
        summary = run_show(ShowOptions(pace_s=pace, keep=keep), presenter)
    except asyncio.CancelledError:
        diagnostics().print("Ended early; everything that was started is gone again.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not summary.is_as_promised:
        raise typer.Exit(ExitCode.FAILED)
