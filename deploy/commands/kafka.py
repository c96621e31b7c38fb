"""`biolatch kafka`: a real Apache Kafka on this machine, for development, tests and the demo."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.exit_codes import ExitCode
from deploy.kafka.broker_process import Lifetime
from deploy.kafka.data_folder import DEFAULT
from deploy.kafka.jars import FetchProgress, jar_folder, kafka_version, locked_jars
from deploy.kafka.local import BrokerOptions, LocalKafka

app = command_app("Run an Apache Kafka on this machine.")

_Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Folder that keeps the broker's data.")
]
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


@app.command()
def start(
    *,
    data: _Data = DEFAULT,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, metavar="N", help="Port for clients; by default the folder's own."
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Start the broker in the background, on 127.0.0.1 only.

    It keeps its port and its data over restarts, and runs until it is stopped. The first start on
    a machine fetches Apache Kafka (43 MB) and compares every file with a committed checksum.
    """
    began = time.monotonic()
    with _fetch_shown() as on_fetch:
        kafka = LocalKafka(
            data,
            options=BrokerOptions(port=port),
            lifetime=Lifetime.DETACHED,
            on_fetch=on_fetch,
        )
        is_new = asyncio.run(kafka.start())
    took_s = time.monotonic() - began
    if as_json:
        answer_json(_facts(kafka, is_ready=True) | {"started": is_new, "took_s": round(took_s, 3)})
        return
    say = answers().print
    how = f"is ready (after {took_s:.1f} s)" if is_new else "runs already"
    say(f"Apache Kafka {kafka_version(locked_jars())} {how}")
    say(f"  address  {kafka.bootstrap_servers}")
    say(f"  data     {data}", soft_wrap=True)
    say(f"  log      {data / kafka.folder.log.name}", soft_wrap=True)
    if data == DEFAULT:
        say("Commands run in this folder use it. Next: biolatch topics apply")
    else:
        setting = f"BIOLATCH_KAFKA__BOOTSTRAP_SERVERS={kafka.bootstrap_servers}"
        say(f"For other commands: export {setting}", soft_wrap=True)


@app.command()
def stop(*, data: _Data = DEFAULT, as_json: _Json = False) -> None:
    """Stop the broker in good order; its data stays."""
    was_running = asyncio.run(LocalKafka(data).stop())
    if as_json:
        answer_json({"stopped": was_running})
    else:
        answers().print("Apache Kafka is stopped" if was_running else "No Apache Kafka runs here")


@app.command()
def status(*, data: _Data = DEFAULT, as_json: _Json = False) -> None:
    """Say whether the broker runs and answers (exit code 4: no)."""
    kafka = LocalKafka(data)
    is_ready = kafka.process is not None and asyncio.run(kafka.answers())
    if as_json:
        answer_json(_facts(kafka, is_ready=is_ready))
    else:
        _show_status(kafka, is_ready=is_ready)
    if not is_ready:
        raise typer.Exit(ExitCode.UNAVAILABLE)


def _facts(kafka: LocalKafka, *, is_ready: bool) -> dict[str, object]:
    process = kafka.process
    return {
        "ready": is_ready,
        "bootstrap_servers": kafka.folder.bootstrap_servers(),
        "pid": process.pid if process else None,
        "kafka_version": kafka_version(locked_jars()),
        "data": str(kafka.folder.path),
        "log": str(kafka.folder.log),
    }


def _show_status(kafka: LocalKafka, *, is_ready: bool) -> None:
    say = answers().print
    process, address = kafka.process, kafka.folder.bootstrap_servers()
    if is_ready and process:
        say(f"Apache Kafka runs at {address} (process {process.pid})")
    elif process:
        say(f"Apache Kafka does not answer at {address} yet (process {process.pid})")
        say(f"  log  {kafka.folder.log}", soft_wrap=True)
    elif address:
        say("Apache Kafka is stopped. Start it with: biolatch kafka start")
    else:
        say("No Apache Kafka was started here. Start one with: biolatch kafka start")


@contextmanager
def _fetch_shown() -> Generator[FetchProgress]:
    """Progress of the one download per machine: a bar on a terminal, a line anywhere else."""
    console = diagnostics()
    what = f"Fetching Apache Kafka {kafka_version(locked_jars())}"
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    task = None

    def show(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            task = bar.add_task(what, total=total)
            bar.start()
            if not console.is_terminal:
                console.print(f"{what} into {jar_folder()}", soft_wrap=True)
        bar.update(task, completed=done)
        if done == total:
            bar.stop()

    try:
        yield show
    finally:
        bar.stop()
