"""`biolatch topics repartition`: more partitions, offline, nothing lost."""

import asyncio
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.erasure_keys import read_erasure_keys
from agents.settings import load_settings
from deploy.console import answer_json, answers, diagnostics, say_error
from deploy.exit_codes import ExitCode
from deploy.inspection.scan_bar import scan_bar
from deploy.records.connection import connection_to
from deploy.repartition.found import Task
from deploy.repartition.moving import NotMore, Plan, WorkersRun, plan, repartition
from schemas.topics import topology

_PARTITIONS_MAX: Final = 10_000


def repartition_topics(
    *,
    partitions: Annotated[
        int,
        typer.Argument(
            min=1,
            max=_PARTITIONS_MAX,
            metavar="PARTITIONS",
            help="How many every topic shall have.",
        ),
    ],
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it. Without this, only say what it would do.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Give every topic more partitions, and move what is kept of each device to its new one.

    Offline: workers and publishers have to be stopped. Without --apply nothing is changed, and the
    answer says what would move. Killed at any moment, it is done by running it again; in between,
    no worker serves anything. See docs/runbooks/repartition.md.
    """
    settings = load_settings()
    connection = connection_to(settings.kafka)
    keys_file = settings.erasure.mark_keys_file
    task = Task(
        topology=topology(settings.application.name),
        group=settings.application.group,
        application=settings.application.name,
        partitions=partitions,
        keys=None if keys_file is None else read_erasure_keys(keys_file),
    )
    try:
        with scan_bar("reading rows and states") as bar:
            planned = asyncio.run(plan(connection, task, on_progress=bar.progress))
        if apply:
            asyncio.run(repartition(connection, task, on_step=_say_step))
    except NotMore as fewer:
        say_error("error[repartition.not-more]", f"Nothing was changed: {fewer}")
        raise typer.Exit(ExitCode.FAILED) from fewer
    except WorkersRun as run:
        say_error(
            "error[repartition.workers-run]",
            f"Nothing was changed: the workers' group has members ({run}). Stop workers and "
            "publishers, and run the command again; a worker that was killed leaves the group "
            "after its session timeout.",
        )
        raise typer.Exit(ExitCode.FAILED) from run
    if as_json:
        answer_json(_report(planned, task, applied=apply))
    else:
        _show(answers(), planned, task, applied=apply)


def _say_step(words: str) -> None:
    diagnostics().print(Text(f"... {words}", style="dim"), soft_wrap=True)


def _show(console: Console, planned: Plan, task: Task, *, applied: bool) -> None:
    def say(words: str) -> None:
        console.print(Text(words), soft_wrap=not console.is_terminal)

    moved = planned.moved
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    moves = "moved" if applied else "would move"
    rows = (
        ("devices", moved.devices, f"rows, of which {moved.devices_moved:,} {moves}"),
        ("erased devices", moved.marks, f"marks; {moved.marks_copied:,} copies of them"),
        ("public states", planned.states, f"of which {planned.states_moved:,} {moves}"),
        ("waiting events", planned.waiting, _of_waiting(planned, moves)),
    )
    say(f"{'From' if applied else 'It would go from'} {planned.old_count} to {task.partitions}:")
    for name, count, about in rows:
        table.add_row(f"  {name}", f"{count:,}", about)
    console.print(table, soft_wrap=not console.is_terminal)
    if applied:
        say("Done. Now start the workers, then the publishers: they have to see the new count.")
    elif planned.is_done(task.partitions):
        say("Nothing has to move.")
    else:
        if planned.members:
            say(f"Stop the workers first: {', '.join(planned.members)}. And the publishers.")
        say("Nothing was changed. To do it, run the same command with --apply.")


def _of_waiting(planned: Plan, moves: str) -> str:
    if not planned.waiting:
        return "not decided yet"
    return f"not decided yet; they {moves if planned.waiting_moved else 'stay where they are'}"


def _report(planned: Plan, task: Task, *, applied: bool) -> dict[str, object]:
    moved = planned.moved
    return {
        "applied": applied,
        "old_partitions": planned.old_count,
        "new_partitions": task.partitions,
        "topics": dict(planned.topics),
        "devices": moved.devices,
        "devices_moved": moved.devices_moved,
        "erasure_marks": moved.marks,
        "erasure_mark_copies": moved.marks_copied,
        "states": planned.states,
        "states_moved": planned.states_moved,
        "waiting_events": planned.waiting,
        "waiting_events_moved": planned.waiting_moved,
        "members": list(planned.members),
        "nothing_to_do": planned.is_done(task.partitions),
    }
