"""`biolatch state`: may a device use biometrics now, for each of its users?"""

import asyncio
import time
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.exit_codes import ExitCode
from deploy.inspection.astray import warn_astray
from deploy.inspection.device_state import FoundState, find_state
from deploy.inspection.instants import span_of_time, written
from deploy.inspection.scan_bar import scan_bar
from deploy.inspection.standing import may_use_biometrics, read_state
from deploy.inspection.standing_lines import show_users
from deploy.inspection.visible_text import visible
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from events.public_state import PublicState
from schemas.outputs import AS_OF_HEADER

app = command_app("Say whether a device may use biometrics now.")


@app.command(no_args_is_help=True)
def state(
    *,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device's id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Say whether a device may use biometrics now.

    Answers for each user of the device, and says why, what the user should do next and what the
    app may offer. If the device has no state, the exit code is 1.
    """
    connection = connection_to(load_settings().kafka)
    found = asyncio.run(_find(connection, device))
    now_ms = int(time.time() * 1000)
    public_state = None if found.newest is None else read_state(found.newest)
    if as_json:
        answer_json(_report(device, found, public_state, now_ms))
    else:
        _show(answers(), device, found, public_state, now_ms)
    if found.is_astray:
        warn_astray(found.partitions, found.home)
    if public_state is None:
        raise typer.Exit(ExitCode.FAILED)


async def _find(connection: Connection, device: str) -> FoundState:
    with scan_bar("looking for the device") as bar:
        async with TopicReader(connection) as reader:
            return await find_state(reader, device, on_progress=bar.progress)


def _show(
    console: Console, device: str, found: FoundState, state: PublicState | None, now_ms: int
) -> None:
    record, name = found.newest, visible(device)
    if record is None:
        _say(console, f"{name} is not known: no event of it has led to a state.")
        return
    age = span_of_time(max(0, now_ms - record.timestamp_ms))
    if state is None:
        _say(console, f"{name} has no users any more; the last one left {age} ago.")
        return
    _say(console, f"{name}, biometrics epoch {state.bio_epoch}")
    _say(console, f"as of {visible(record.header(AS_OF_HEADER))}, written {age} ago")
    show_users(console, state, now_ms=now_ms)


def _say(console: Console, words: str) -> None:
    console.print(Text(words), soft_wrap=True)


def _report(
    device: str, found: FoundState, state: PublicState | None, now_ms: int
) -> dict[str, object]:
    record = found.newest
    users = {} if state is None else state.users
    return {
        "device_id": device,
        "found": state is not None,
        "as_of": None if record is None else record.header(AS_OF_HEADER),
        "written_at": None if record is None else written(record.timestamp_ms),
        "partitions": found.partitions,
        "home_partition": found.home,
        "may_use_biometrics": {
            user_id: may_use_biometrics(user, now_ms=now_ms) for user_id, user in users.items()
        },
        "state": None if state is None else msgspec.to_builtins(state),
    }
