"""`biolatch publish`: lines of JSON become events on the input topic."""

import asyncio
import os
import shlex
import stat
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from agents.settings import load_settings
from agents.tracing import tracer_provider
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.event_signer import EventSigner, SigningPublisher, read_signer
from deploy.exit_codes import ExitCode
from deploy.inspection.visible_text import visible
from deploy.outage_notice import outage_notice
from deploy.publishing.account import Account
from deploy.publishing.progress import progress_shown
from deploy.publishing.publish_lines import DryRun, Publisher, Watcher, publish_lines
from deploy.publishing.stream import pieces_of
from deploy.records.connection import connection_to
from deploy.records.publisher import RecordPublisher
from deploy.tracing_publisher import TracingPublisher
from events.errors import MalformedInput, Misconfigured
from schemas.topics import DEVICE_EVENTS

_STANDARD_INPUT: Final = "-"
_WAIT_S_MAX: Final = 30.0
_SAY_WAITING_AFTER_S: Final = 2.0

app = command_app("Publish events, one line of JSON each.")


class _Task(NamedTuple):
    """What was asked for."""

    file: str
    first_line: int
    is_dry_run: bool
    wait_s_max: float
    signer: EventSigner | None


@app.command(no_args_is_help=True)
def publish(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file of events, or - for standard input.")
    ],
    from_line: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out the lines before this one.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check every line, and publish nothing.")
    ] = False,
    retry_for: Annotated[
        float,
        typer.Option(
            min=0.0, metavar="SECONDS", help="How long to try while Kafka acknowledges nothing."
        ),
    ] = _WAIT_S_MAX,
    sign_with: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Sign every event with this private key (JWK)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Publish events, one line of JSON each.

    A line is a CloudEvent in its JSON form: {"specversion":"1.0","id":...,"source":...,
    "type":...,"subject":DEVICE,"time":...,"data":{...}}; `biolatch schema show TYPE` says what
    belongs into data. A line that is no event is reported and left out, and does not hold up the
    others; blank lines are passed over. Events of one device are stored in the order of their
    lines. If lines were refused, the exit code is 1.
    """
    account = Account()
    signer = None if sign_with is None else read_signer(sign_with)
    task = _Task(file, from_line, dry_run, retry_for, signer)
    began = time.monotonic()
    is_complete = False
    try:
        asyncio.run(_publish(task, account))
        is_complete = True
    finally:
        took_s = time.monotonic() - began
        if as_json:
            answer_json(_report(account, took_s, is_complete=is_complete))
        elif is_complete:
            answers().print(_summary(account, took_s, is_dry_run=dry_run), soft_wrap=True)
        elif account.next_line > 1:
            diagnostics().print(Text(_break_off(account, file)), soft_wrap=True)
    if account.refused:
        raise typer.Exit(ExitCode.FAILED)


async def _publish(task: _Task, account: Account) -> None:
    console = diagnostics()
    with (
        _opened(task.file) as (descriptor, size_bytes),
        progress_shown(
            console, account, size_bytes=size_bytes, is_wanted=not os.isatty(descriptor)
        ) as progress,
    ):
        notice = outage_notice(
            console, "trying again", wait_s_max=task.wait_s_max, after_s=_SAY_WAITING_AFTER_S
        )
        watcher = Watcher(partial(_say_refused, console), progress.read, notice)
        if task.is_dry_run:
            await _publish_with(DryRun(), descriptor, account, watcher, task)
            return
        settings = load_settings()
        connection = connection_to(settings.kafka)
        with tracer_provider(settings.tracing, f"{settings.application.name}-publish") as provider:
            async with RecordPublisher(connection, DEVICE_EVENTS) as publisher:
                if os.isatty(descriptor):
                    console.print("Type events, one line each; Ctrl-D ends.")
                sending: Publisher = publisher
                if task.signer is not None:
                    sending = SigningPublisher(sending, task.signer)
                if provider is not None:
                    sending = TracingPublisher(sending, provider)
                await _publish_with(sending, descriptor, account, watcher, task)


async def _publish_with(
    publisher: Publisher,
    descriptor: int,
    account: Account,
    watcher: Watcher,
    task: _Task,
) -> None:
    await publish_lines(
        pieces_of(descriptor),
        publisher,
        account,
        watcher,
        first_line=task.first_line,
        wait_s_max=task.wait_s_max,
    )


def _say_refused(console: Console, line: int, error: MalformedInput) -> None:
    where, what, why = f"line {line}: ", f"refused[{error.code}]", f": {visible(str(error))}"
    if console.is_terminal:
        console.print(Text.assemble(where, (what, "yellow"), why), soft_wrap=True)
    else:  # rich is slow, and there may be a million of them
        sys.stderr.write(f"{where}{what}{why}\n")


@contextmanager
def _opened(file: str) -> Generator[tuple[int, int | None]]:
    """The stream's descriptor, and its size where that is known."""
    try:
        descriptor = sys.stdin.fileno() if file == _STANDARD_INPUT else os.open(file, os.O_RDONLY)
        try:
            about = os.fstat(descriptor)
            yield descriptor, about.st_size if stat.S_ISREG(about.st_mode) else None
        finally:
            if file != _STANDARD_INPUT:
                os.close(descriptor)
    except OSError as error:
        raise Misconfigured(
            "publish.unreadable", f"{file} cannot be read: {error.strerror or error}"
        ) from error


def _report(account: Account, took_s: float, *, is_complete: bool) -> dict[str, object]:
    return {
        "complete": is_complete,
        "published": account.published,
        "refused": account.refused.total(),
        "refused_by_code": dict(account.refused.most_common()),
        "next_line": account.next_line,
        "took_s": round(took_s, 3),
    }


def _summary(account: Account, took_s: float, *, is_dry_run: bool) -> str:
    done = "found good, nothing published" if is_dry_run else "published"
    rate = f" ({account.published / took_s:,.0f}/s)" if took_s >= 1 else ""
    refused = account.refused.total()
    events = "event" if account.published == 1 else "events"
    return (
        f"{account.published:,} {events} {done}, {refused:,} {_lines(refused)} refused, "
        f"in {took_s:.1f} s{rate}"
    )


def _break_off(account: Account, file: str) -> str:
    refused = account.refused.total()
    return (
        f"{account.published:,} events are known to be published, {refused:,} {_lines(refused)} "
        f"refused. To go on: biolatch publish {shlex.quote(file)} "
        f"--from-line {account.next_line}\n"
        "Some of the next events may be published by now; biolatch refuses what it gets twice."
    )


def _lines(count: int) -> str:
    return "line" if count == 1 else "lines"
