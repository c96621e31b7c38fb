"""A benchmark on a terminal: how it goes on, and its report in 80 columns."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from deploy.bench.report import Report

_MIB: Final = 1024 * 1024
_OTHERS_SHARE_MAX: Final = 0.05
_PACE_RATIO_MAX: Final = 1.1


class Stages:
    """Shows the stages of a run: as a bar on a terminal, as lines anywhere else.

    Use it as a context manager.
    """

    def __init__(self, console: Console) -> None:
        """Show on this console."""
        self._console: Final = console
        self._bar: Final = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task: Final = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        """Begin."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave nothing on a terminal."""
        self._bar.stop()

    def begins(self, stage: str, total: int | None = None) -> None:
        """Another stage begins."""
        self._bar.reset(self._task, description=stage, total=total)
        if not self._console.is_terminal:
            self._console.print(stage, soft_wrap=True)

    def comes_to(self, done: int) -> None:
        """The stage has done so many of its events."""
        self._bar.update(self._task, completed=done)


def show_report(console: Console, report: Report) -> None:
    """Print the report."""
    _show_conditions(console, report)
    console.print()
    console.print(_figures(report))
    if report.baselines:
        console.print()
        console.print(_comparison(report))
    if report.signed:
        console.print()
        console.print(_signed(report))
    if report.scaling:
        console.print()
        console.print(_scaling(report))
    if report.bytes_per_event:
        console.print()
        console.print(_written(report))
    console.print()
    console.print(_mix(report))
    for warning in _warnings(report):
        console.print()
        console.print(f"Beware: {warning}", style="yellow")


def _show_conditions(console: Console, report: Report) -> None:
    options, machine = report.options, report.machine
    kafka = "a given Kafka" if machine.kafka is None else f"Apache Kafka {machine.kafka}, same host"
    console.print(
        f"{options.events:,} events of {options.devices:,} devices in {options.partitions} "
        f"partitions, seed {options.seed}"
    )
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory_bytes / _MIB / 1024:.0f} GiB;"
        f" Python {machine.python}; {kafka}",
        soft_wrap=True,
    )
    console.print(
        f"load before the run {machine.load_before:.2f}, pace {machine.pace_ms:.1f} ms; "
        f"took {report.took_s:.0f} s"
    )


def _figures(report: Report) -> Table:
    drained, latency = report.drained, report.latency
    table = figures_table("one worker", "", "")
    table.add_row("drain", f"{drained.events_per_s:,.0f}", "events/s")
    if drained.worker_cpu_us_per_event is not None and drained.events_per_cpu_s is not None:
        table.add_row("", f"{drained.events_per_cpu_s:,.0f}", "events per CPU second")
        table.add_row("", f"{drained.worker_cpu_us_per_event:.1f}", "us of CPU per event")
    if drained.broker_cpu_us_per_event is not None:
        table.add_row("", f"{drained.broker_cpu_us_per_event:.1f}", "us of the broker's CPU")
    table.add_row("memory", f"{drained.resident_bytes_max / _MIB:,.0f}", "MiB resident at most")
    if report.bytes_per_event:
        total = sum(report.bytes_per_event.values())
        table.add_row("written", f"{total:,.0f}", "bytes per event")
    if latency is not None:
        where = f"at {latency.rate:,.0f} events/s for {latency.seconds:.0f} s"
        table.add_row("latency p50", f"{latency.p50_ms:,.1f}", f"ms end to end, {where}")
        table.add_row("latency p95", f"{latency.p95_ms:,.1f}", "ms")
        table.add_row("latency p99", f"{latency.p99_ms:,.1f}", "ms")
        table.add_row("latency max", f"{latency.max_ms:,.1f}", "ms")
    return table


def _comparison(report: Report) -> Table:
    table = figures_table("on the same input", "events/s", "us CPU", "ratio", "per CPU")
    drained = report.drained
    own_us = drained.worker_cpu_us_per_event
    own_cpu = "" if own_us is None else f"{own_us:.1f}"
    table.add_row("biolatch", f"{drained.events_per_s:,.0f}", own_cpu, "", "")
    for baseline in report.baselines:
        cpu_ratio = report.cpu_ratio(baseline)
        table.add_row(
            baseline.name,
            f"{baseline.events_per_s:,.0f}",
            f"{baseline.cpu_us_per_event:.1f}",
            f"{report.ratio(baseline):.2f} x",
            "" if cpu_ratio is None else f"{cpu_ratio:.2f} x",
        )
    return table


def _signed(report: Report) -> Table:
    table = figures_table("signed input", "events/s", "us CPU", "of unsigned", "of raw")
    for signed in report.signed:
        raw, cpu_us = signed.raw, signed.cpu_us_per_event
        table.add_row(
            signed.mode,
            f"{signed.events_per_s:,.0f}",
            "" if cpu_us is None else f"{cpu_us:.1f}",
            f"{report.signed_ratio(signed):.2f} x",
            "",
        )
        for threads, rate in ((1, raw.one_thread), (signed.cores, raw.all_cores)):
            table.add_row(
                f"  {signed.algorithm} alone, {threads} {'thread' if threads == 1 else 'threads'}",
                f"{rate:,.0f}",
                f"{raw.cpu_us:.1f}" if threads == 1 else "",
                "",
                f"{signed.events_per_s / rate:.2f} x",
            )
    return table


def _scaling(report: Report) -> Table:
    table = figures_table(
        "devices", "partitions", "workers", "events/s", "us CPU", "cost", "MiB", "pace"
    )
    table.columns[0].justify = "right"
    for scaled in report.scaling:
        ratio = report.cost_ratio(scaled)
        cpu_us = scaled.cpu_us_per_event
        table.add_row(
            f"{scaled.devices:,}",
            f"{scaled.partitions}",
            f"{scaled.workers}",
            f"{scaled.events_per_s:,.0f}",
            "" if cpu_us is None else f"{cpu_us:.1f}",
            "" if ratio is None else f"{ratio:.2f} x",
            f"{scaled.resident_bytes_max / _MIB:,.0f}",
            f"{scaled.pace_ms:.1f}",
        )
    return table


def _written(report: Report) -> Table:
    table = figures_table("written to topic", "bytes per event")
    for topic, size in report.bytes_per_event.items():
        table.add_row(topic, f"{size:,.1f}")
    return table


def _mix(report: Report) -> Table:
    table = figures_table("verdict, warm-up included", "events", "%")
    total = sum(report.drained.verdicts.values())
    for kind, count in report.drained.verdicts.items():
        table.add_row(_short(kind), f"{count:,}", f"{count / total * 100:.2f}")
    return table


def _short(kind: str) -> str:
    return kind.removeprefix("biolatch.verdict.").replace(".v1", "")


def figures_table(first: str, *others: str) -> Table:
    """An empty table: names at the left, figures at the right under these headings."""
    table = Table(box=None, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right" if name else "left", no_wrap=True)
    return table


def _warnings(report: Report) -> list[str]:
    warnings: list[str] = []
    others = dict(report.others)
    if report.scaling:
        others["scaling"] = max(scaled.others for scaled in report.scaling)
    others |= {signed.mode: signed.others for signed in report.signed}
    if any(share > _OTHERS_SHARE_MAX for share in others.values()):
        shares = ", ".join(f"{stage} {share:.0%}" for stage, share in others.items())
        warnings.append(f"other programs took part of the processors ({shares}); repeat it alone.")
    paces_ms = [scaled.pace_ms for scaled in report.scaling] or [report.machine.pace_ms]
    if max(paces_ms) > _PACE_RATIO_MAX * min(paces_ms):
        warnings.append(
            f"the machine changed its own speed meanwhile: a fixed piece of work took "
            f"{min(paces_ms):.1f} ms of its CPU, then {max(paces_ms):.1f} ms; compare no costs."
        )
    latency = report.latency
    if latency is not None and not latency.is_valid:
        warnings.append(
            f"the publisher was up to {latency.publisher_late_ms_max:.0f} ms late (p99 "
            f"{latency.publisher_late_ms_p99:.0f} ms): the latencies are not valid."
        )
    return warnings
