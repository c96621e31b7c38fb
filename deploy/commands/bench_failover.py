"""`biolatch bench-failover`: what it costs when a worker is killed, ends, joins or starts anew."""

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from deploy.bench.clear_settings import clear_settings
from deploy.bench.failover.measure import run_failover_bench
from deploy.bench.failover.report import FailoverOptions, FailoverReport
from deploy.bench.screen import Stages, figures_table
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.exit_codes import ExitCode

_MIB: Final = 1024 * 1024

app = command_app("Measure recovery and failover on this machine.")


@app.command()
def bench_failover(
    *,
    recovery_rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows that one worker reads at its start.")
    ] = 1_000_000,
    rows: Annotated[
        int, typer.Option(min=1, metavar="N", help="Rows behind each of the pauses.")
    ] = 100_000,
    partitions: Annotated[
        int, typer.Option(min=2, max=64, metavar="N", help="Of every topic.")
    ] = 4,
    seed: Annotated[int, typer.Option(metavar="N", help="Of rows and events.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Measure recovery and failover on this machine.

    On an Apache Kafka of its own, with rows as a crowd of phones leaves them: how fast a worker
    reads them back and what they take in memory; then how long events wait when one of two workers
    is killed, joins, ends, or is killed and restarted as a static member. Workers run under the
    settings of this process. Nothing is left running and nothing on disk. Leave the machine alone
    meanwhile: about two minutes.
    """
    options = FailoverOptions(
        recovery_rows=recovery_rows, rows=rows, partitions=partitions, seed=seed
    )
    try:
        with Stages(diagnostics()) as stages:
            report = run_failover_bench(options, clear_settings(), stages)
    except asyncio.CancelledError:
        diagnostics().print("Ended early; everything that was started is gone again.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        answer_json(report.for_machines())
    else:
        _show(answers(), report)


def _show(console: Console, report: FailoverReport) -> None:
    machine = report.machine
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory_bytes / _MIB / 1024:.0f} GiB;"
        f" Python {machine.python}; Apache Kafka {machine.kafka}, same host",
        soft_wrap=True,
    )
    console.print(
        f"{report.options.partitions} partitions, seed {report.options.seed}; load before the run "
        f"{machine.load_before:.2f}; took {report.took_s:.0f} s"
    )
    console.print()
    console.print(_recoveries(report))
    console.print()
    table = figures_table(
        f"pauses, two workers, {report.options.rows:,} rows",
        *("moved partitions, s", "others, s", "read again"),
    )
    for pause in report.pauses:
        table.add_row(
            pause.what, f"{pause.moved_s:.2f}", f"{pause.others_s:.2f}", str(pause.reopened)
        )
    console.print(table)


def _recoveries(report: FailoverReport) -> Table:
    rows, row_bytes = report.recovery.rows, report.recovery.row_bytes
    title = f"a start, {rows:,} rows of {row_bytes:.0f} B"
    table = figures_table(title, "from the changelog", "from a local store")
    both = report.recovery, report.from_store
    table.add_row("changelog records read", *(f"{each.changelog_records:,}" for each in both))
    table.add_row("lanes open in, s", *(f"{each.opened_s:.2f}" for each in both))
    table.add_row("serving after, s, with its start", *(f"{each.serving_s:.2f}" for each in both))
    table.add_row("memory, B per row", *(f"{each.memory_bytes_per_row:.0f}" for each in both))
    return table
