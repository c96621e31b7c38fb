"""`biolatch position`: where a partition goes on, when only an operator can say."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.lane.reset import NotResettable
from agents.settings import load_settings
from deploy.broker_address import at_the_broker_of_this_folder
from deploy.command_app import command_app
from deploy.console import answer_json, answers, say_error
from deploy.exit_codes import ExitCode
from deploy.inspection.instants import written
from deploy.inspection.scan_bar import scan_bar
from deploy.position_reset import Place, Plan, Served, Stretch, carry_out, plan_reset
from deploy.skip_record import NoSuchPartition

app = command_app("Decide where a partition that is not served goes on.")


@app.callback()
def position() -> None:
    """Decide where a partition that is not served goes on."""


@app.command("reset", no_args_is_help=True)
def reset_position(
    *,
    partition: Annotated[
        int, typer.Argument(min=0, metavar="PARTITION", help="The input partition's number.")
    ],
    to_offset: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Go on with the record of this offset.")
    ] = None,
    to_earliest: Annotated[
        bool, typer.Option("--to-earliest", help="Go on with the first record that is there.")
    ] = False,
    to_input_end: Annotated[
        bool, typer.Option("--to-input-end", help="Go on behind the last record that is there.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it. Without this, only say what it would do.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Let a partition go on elsewhere than where it stands; says first what that means.

    For a partition whose position does not fit its input (the worker's log says lane.parked):
    events were deleted before they were decided, or the input was made anew. Without --apply
    nothing is changed. A partition that a worker may serve is refused: stop the workers first.
    """
    to = _place(to_offset, earliest=to_earliest, input_end=to_input_end)
    settings = at_the_broker_of_this_folder(load_settings())
    try:
        with scan_bar("reading rows and input") as bar:
            plan = asyncio.run(plan_reset(settings, partition, to, on_progress=bar.progress))
        if apply:
            asyncio.run(carry_out(settings, plan))
    except NoSuchPartition as none:
        raise typer.BadParameter(str(none), param_hint="PARTITION") from none
    except NotResettable as refusal:
        say_error("error[position.not-resettable]", f"Nothing was reset: {refusal}.")
        raise typer.Exit(ExitCode.FAILED) from refusal
    except Served as served:
        say_error("error[position.served]", f"Nothing was reset: {served}. Stop the workers first.")
        raise typer.Exit(ExitCode.FAILED) from served
    if as_json:
        answer_json(_report(plan, applied=apply))
    else:
        _show(answers(), plan, applied=apply)


def _place(to_offset: int | None, *, earliest: bool, input_end: bool) -> Place | int:
    if [to_offset is not None, earliest, input_end].count(True) != 1:
        raise typer.BadParameter("give one of --to-offset, --to-earliest and --to-input-end")
    if to_offset is not None:
        return to_offset
    return Place.EARLIEST if earliest else Place.INPUT_END


def _show(console: Console, plan: Plan, *, applied: bool) -> None:
    def say(words: str) -> None:
        console.print(Text(words), soft_wrap=not console.is_terminal)

    stood = plan.stood
    bounds = stood.bounds
    stands = "has no position" if stood.next_offset is None else f"stands at {stood.next_offset:,}"
    say(
        f"{plan.partition} {stands}; the input holds the offsets from {bounds.start:,} up to, and "
        f"without, {bounds.end:,}."
    )
    if stood.unservable is not None:
        say(f"It is not served: {stood.unservable}.")
    elif plan.owner is not None:
        say(f"It may be served, and worker {plan.owner} has it.")
    say(f"{'It goes' if applied else 'It would go'} on at {plan.offset:,}:")
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for name, count, meaning in _effects(plan):
        table.add_row(f"  {name}", f"{count:,}", meaning)
    console.print(table, soft_wrap=not console.is_terminal)
    if stood.is_of_another_log:
        say(
            "An input that was made anew goes on at its start (--to-earliest); of one that has "
            "lost its end, what is left was decided before (--to-input-end)."
        )
    if not applied:
        say("Nothing was changed. To do it, run the same command with --apply.")


def _effects(plan: Plan) -> list[tuple[str, int, str]]:
    again = (
        "records are decided as if they were new"
        if plan.stood.is_of_another_log
        else "records come again; rows know them, so no device changes twice"
    )
    effects = [
        ("again", plan.again.records, again + _times(plan.again)),
        (
            "passed over",
            plan.passed_over.records,
            "records never get a verdict" + _times(plan.passed_over),
        ),
        ("deleted", plan.deleted, "offsets were deleted before they were decided"),
        ("rows", plan.rows_changed, "rows forget offsets that the input gives out again"),
    ]
    return [effect for effect in effects if effect[1]] or [("nothing", 0, "is lost or comes again")]


def _times(stretch: Stretch) -> str:
    if stretch.first_ms is None or stretch.last_ms is None:
        return ""
    return f" (from {written(stretch.first_ms)} to {written(stretch.last_ms)})"


def _report(plan: Plan, *, applied: bool) -> dict[str, object]:
    return {
        "applied": applied,
        "topic": plan.partition.topic,
        "partition": plan.partition.number,
        "stood_at": plan.stood.next_offset,
        "start_offset": plan.stood.bounds.start,
        "end_offset": plan.stood.bounds.end,
        "not_served_because": plan.stood.unservable,
        "assigned_to": plan.owner,
        "offset": plan.offset,
        "again": _stretch_report(plan.again),
        "passed_over": _stretch_report(plan.passed_over),
        "deleted_offsets": plan.deleted,
        "rows_changed": plan.rows_changed,
    }


def _stretch_report(stretch: Stretch) -> dict[str, object]:
    return {
        "records": stretch.records,
        "first": None if stretch.first_ms is None else written(stretch.first_ms),
        "last": None if stretch.last_ms is None else written(stretch.last_ms),
    }
