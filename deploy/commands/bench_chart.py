"""`biolatch bench-chart`: the benchmark as a picture for people who read no tables."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.bench.chart import chart
from deploy.bench.chart_style import DARK, LIGHT
from deploy.bench.report import read_report
from deploy.command_app import command_app
from deploy.console import diagnostics
from events.errors import Misconfigured

app = command_app("Draw a saved benchmark as a picture.")


@app.command()
def bench_chart(
    report: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="What `biolatch bench --save` has written."
        ),
    ],
    picture: Annotated[
        Path, typer.Argument(dir_okay=False, help="What to write: a .svg or a .png.")
    ],
    *,
    dark: Annotated[bool, typer.Option("--dark", help="For pages with a dark ground.")] = False,
) -> None:
    """Draw a saved benchmark as a picture.

    Events per second beside the baselines, and what an event costs with more devices, partitions
    and workers, as far as the benchmark has measured them. Needs vl-convert-python, which a
    checkout's `make install` brings along and a worker does without.
    """
    try:
        from deploy.bench.chart_file import draw  # noqa: PLC0415 (its library may be missing)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "bench.no-chart-library",
            f"{error.name} is not installed: `pip install vl-convert-python` mends it",
        ) from error
    draw(chart(read_report(report.read_bytes()), DARK if dark else LIGHT), picture)
    diagnostics().print(f"drawn: {picture}", markup=False, soft_wrap=True)
