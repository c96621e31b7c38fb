"""`biolatch bench`: how fast it is here, measured and verified, with others beside it."""

import asyncio
from typing import Annotated, Final

import typer

from agents.settings import load_settings
from deploy.bench.measure import run_bench
from deploy.bench.report import BenchOptions
from deploy.bench.screen import Stages, show_report
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.exit_codes import ExitCode

_DEVICES_MIN: Final = 100

_FULL: Final = BenchOptions(
    events=300_000,
    devices=20_000,
    partitions=4,
    seed=1,
    latency_s=30,
    latency_warm_up_s=5,
    baseline_s=15,
    scaling_devices=10_000,
)
_QUICK: Final = BenchOptions(
    events=10_000,
    devices=500,
    partitions=4,
    seed=1,
    latency_s=2,
    latency_warm_up_s=1,
    baseline_s=2,
    scaling_devices=100,
)

app = command_app("Measure speed, latency and cost on this machine.")


@app.command()
def bench(  # noqa: PLR0913 (one argument for each option)
    *,
    events: Annotated[
        int | None,
        typer.Option(min=1000, metavar="N", help=f"Events to drain. Default: {_FULL.events:,}."),
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option(min=_DEVICES_MIN, metavar="N", help=f"Phones. Default: {_FULL.devices:,}."),
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, metavar="N", help=f"Of every topic. Default: {_FULL.partitions}."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the load.")] = _FULL.seed,
    latency_seconds: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=3600,
            metavar="S",
            help=f"How long latency is measured; 0: not at all. Default: {_FULL.latency_s:.0f}.",
        ),
    ] = None,
    skip_baselines: Annotated[
        bool, typer.Option("--skip-baselines", help="Leave out what others reach.")
    ] = False,
    scaling: Annotated[
        bool,
        typer.Option(
            "--scaling",
            help="Also compare 10,000 to 1,000,000 devices, 1 to 12 partitions, one worker and "
            "two; five minutes more.",
        ),
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="See that it runs; too little to measure well.")
    ] = False,
    bootstrap: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="A Kafka without our topics, in place of one of its own; they are deleted again.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Measure speed, latency and cost on this machine.

    Fills an input topic with a realistic, seeded history, drains it with one worker, checks that
    every event has exactly one verdict, then publishes at half of that rate and measures when
    verdicts appear. Then stock Faust and a bare reader read the same input. Nothing is left
    running and nothing on disk. Leave the machine alone meanwhile: about three minutes.
    """
    usual = _QUICK if quick else _FULL
    options = BenchOptions(
        events=usual.events if events is None else events,
        devices=usual.devices if devices is None else devices,
        partitions=usual.partitions if partitions is None else partitions,
        seed=seed,
        latency_s=usual.latency_s if latency_seconds is None else latency_seconds,
        latency_warm_up_s=usual.latency_warm_up_s,
        baseline_s=0 if skip_baselines else usual.baseline_s,
        scaling_devices=usual.scaling_devices if scaling else 0,
    )
    try:
        with Stages(diagnostics()) as stages:
            report = run_bench(options, load_settings(), bootstrap, stages)
    except asyncio.CancelledError:
        diagnostics().print("Ended early; everything that was started is gone again.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        answer_json(report.for_machines())
    else:
        show_report(answers(), report)
