"""`biolatch bench`: how fast it is here, measured and verified, with others beside it."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.bench.clear_settings import clear_settings
from deploy.bench.measure import run_bench
from deploy.bench.report import BenchOptions
from deploy.bench.screen import Stages, show_report
from deploy.bench.signed import MODES
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics, json_text
from deploy.exit_codes import ExitCode
from events.errors import Misconfigured

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


_Events = Annotated[
    int | None,
    typer.Option(min=1000, metavar="N", help=f"Events to drain. Default: {_FULL.events:,}."),
]
_Devices = Annotated[
    int | None,
    typer.Option(min=_DEVICES_MIN, metavar="N", help=f"Phones. Default: {_FULL.devices:,}."),
]
_Partitions = Annotated[
    int | None,
    typer.Option(min=1, max=64, metavar="N", help=f"Of every topic. Default: {_FULL.partitions}."),
]
_LatencySeconds = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=3600,
        metavar="S",
        help=f"How long latency is measured; 0: not at all. Default: {_FULL.latency_s:.0f}.",
    ),
]
_Scaling = Annotated[
    bool,
    typer.Option(
        "--scaling",
        help="Also compare 10,000 to 1,000,000 devices, 1 to 12 partitions, one worker and "
        "two, each on a Kafka of its own; five minutes more.",
    ),
]
_Signed = Annotated[
    list[str] | None,
    typer.Option(
        "--signed",
        metavar="MODE",
        help=f"Also drain signed input, every signature verified: {', '.join(MODES)} (again and "
        "again); a minute more for each, on a Kafka of its own.",
    ),
]
_Quick = Annotated[
    bool, typer.Option("--quick", help="See that it runs; too little to measure well.")
]
_Bootstrap = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="A Kafka without our topics, in place of one of its own; they are deleted again.",
    ),
]
_Save = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        help="Keep the JSON in a file, too; `biolatch bench-chart` draws it.",
    ),
]


@app.command()
def bench(  # noqa: PLR0913 (one argument for each option)
    *,
    events: _Events = None,
    devices: _Devices = None,
    partitions: _Partitions = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the load.")] = _FULL.seed,
    latency_seconds: _LatencySeconds = None,
    skip_baselines: Annotated[
        bool, typer.Option("--skip-baselines", help="Leave out what others reach.")
    ] = False,
    scaling: _Scaling = False,
    signed: _Signed = None,
    quick: _Quick = False,
    bootstrap: _Bootstrap = None,
    save: _Save = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Measure speed, latency and cost on this machine.

    Fills an input topic with a realistic, seeded history, drains it with one worker, checks that
    every event has exactly one verdict, then publishes at half of that rate and measures when
    verdicts appear. Then stock Faust and a bare reader read the same input. Nothing is left
    running, and nothing on disk but what `--save` asks for. Leave the machine alone meanwhile:
    about three minutes, and with `--scaling` about eight.
    """
    if unknown := [name for name in signed or () if name not in MODES]:
        raise typer.BadParameter(
            f"{unknown[0]!r} is none of: {', '.join(MODES)}", param_hint="--signed"
        )
    if save is not None:
        _make_sure_of(save)
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
        signed=tuple(signed or ()),
    )
    try:
        with Stages(diagnostics()) as stages:
            report = run_bench(options, clear_settings(), bootstrap, stages)
    except asyncio.CancelledError:
        diagnostics().print("Ended early; everything that was started is gone again.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if save is not None:
        save.write_text(json_text(report.for_machines()) + "\n", encoding="utf-8")
    if as_json:
        answer_json(report.for_machines())
    else:
        show_report(answers(), report)


def _make_sure_of(file: Path) -> None:
    """That it can be written, before minutes are spent on what it shall keep."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise Misconfigured("bench.save-unwritable", f"{file}: {error.strerror}") from error
