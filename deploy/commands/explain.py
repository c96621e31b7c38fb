"""`biolatch explain`: everything that happened to a device, and why it is as it is."""

import asyncio
import sys
import time
from contextlib import aclosing
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answers
from deploy.exit_codes import ExitCode
from deploy.inspection.astray import warn_astray
from deploy.inspection.causes import Cause, Causes
from deploy.inspection.device_state import FoundState, find_state
from deploy.inspection.history import Step, history
from deploy.inspection.history_lines import HistoryLines
from deploy.inspection.instants import written
from deploy.inspection.record_json import one_line, record_json
from deploy.inspection.scan_bar import ScanBar, scan_bar
from deploy.inspection.standing import Fact, may_use_biometrics, read_state
from deploy.inspection.standing_lines import show_users
from deploy.inspection.visible_text import visible
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.since_option import Since, since_ms
from events.public_state import PublicState
from schemas.strict_json import Json

app = command_app("Show what happened to a device, and why it is as it is.")


@app.command(no_args_is_help=True)
def explain(
    *,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device's id.")],
    since: Since = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for machines.")
    ] = False,
) -> None:
    """Show what happened to a device, and why it is as it is.

    Every event of the device in the order in which it was decided, below it the verdict (-), the
    decisions (*) or the dead letter (!), and at its end the event's partition and offset. Then, for
    each user, what made them stand as they do. Reads all that the topics hold, which takes some
    15 s for a million events, or what came since a time. If nothing is known of the device, the
    exit code is 1.
    """
    connection = connection_to(load_settings().kafka)
    is_known = asyncio.run(_explain(connection, device, since_ms(since), as_json=as_json))
    if not is_known:
        raise typer.Exit(ExitCode.FAILED)


async def _explain(
    connection: Connection, device: str, since: int | None, *, as_json: bool
) -> bool:
    with scan_bar("reading what happened") as bar:
        async with TopicReader(connection) as reader:
            causes, partitions = await _show_history(reader, device, since, bar, as_json=as_json)
            found = await find_state(reader, device, on_progress=bar.progress)
    now_ms = int(time.time() * 1000)
    state = None if found.newest is None else read_state(found.newest)
    partitions |= set(found.partitions)
    if as_json:
        summary = _summary(device, sorted(partitions), found, state, causes, now_ms)
        sys.stdout.write(one_line(summary) + "\n")
    elif not partitions:
        answers().print(Text(f"Nothing is known of {visible(device)}."), soft_wrap=True)
    elif state is None:
        answers().print(Text(_without_state(device, found)), soft_wrap=True)
    else:
        _show_state(answers(), device, state, causes, now_ms)
    if partitions - {found.home}:
        warn_astray(partitions, found.home)
    return bool(partitions)


async def _show_history(
    reader: TopicReader, device: str, since: int | None, bar: ScanBar, *, as_json: bool
) -> tuple[Causes, set[int]]:
    causes, partitions = Causes(), set[int]()
    lines = HistoryLines(answers())
    async with aclosing(history(reader, device, since_ms=since, on_progress=bar.progress)) as steps:
        async for step in steps:
            causes.take(step)
            partitions.add(step.origin.partition)
            bar.hide()
            if as_json:
                sys.stdout.write(one_line(_step_json(step)) + "\n")
            else:
                lines.show(step)
    return causes, partitions


def _without_state(device: str, found: FoundState) -> str:
    if found.newest is None:
        return f"\nNow {visible(device)} has no state: nothing that was decided gave it one."
    return f"\nNow {visible(device)} has no state: no user is left."


def _show_state(
    console: Console, device: str, state: PublicState, causes: Causes, now_ms: int
) -> None:
    console.print()
    console.print(Text(f"Now, on {visible(device)} (biometrics epoch {state.bio_epoch}):"))
    more = {
        user_id: _facts(causes.of(user_id, user))
        for user_id, user in state.users.items()
        if user.since is not None
    }
    show_users(console, state, now_ms=now_ms, more=more)


def _facts(cause: Cause | None) -> list[Fact]:
    if cause is None:
        return [Fact("set by", "an event before those above")]
    partition, offset = cause.step.origin
    return [
        Fact("set by", f"{cause.what} of {partition}/{offset}, {written(cause.step.timestamp_ms)}"),
        Fact("rule", cause.rule),
    ]


def _step_json(step: Step) -> dict[str, Json]:
    return {
        "kind": "step",
        "partition": step.origin.partition,
        "offset": step.origin.offset,
        "event": None if step.event is None else record_json(step.event),
        "verdict": None if step.verdict is None else record_json(step.verdict),
        "decisions": [record_json(decision) for decision in step.decisions],
        "dead_letters": [record_json(letter) for letter in step.dead_letters],
    }


def _summary(
    device: str,
    partitions: list[int],
    found: FoundState,
    state: PublicState | None,
    causes: Causes,
    now_ms: int,
) -> dict[str, Json]:
    users = {} if state is None else state.users
    set_by: dict[str, Json] = {}
    for user_id, user in users.items():
        cause = causes.of(user_id, user)
        set_by[user_id] = cause and {
            "partition": cause.step.origin.partition,
            "offset": cause.step.origin.offset,
            "what": cause.what,
            "rule": cause.rule,
        }
    return {
        "kind": "summary",
        "device_id": device,
        "partitions": list(partitions),
        "home_partition": found.home,
        "state": None if state is None else msgspec.to_builtins(state),
        "may_use_biometrics": {
            user_id: may_use_biometrics(user, now_ms=now_ms) for user_id, user in users.items()
        },
        "set_by": set_by,
    }
