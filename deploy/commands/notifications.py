"""`biolatch notifications`: what the notifier could not deliver, and its endpoints' secrets."""

import asyncio
import base64
import os
import secrets
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from agents.notifier.catalogues import Catalogues
from agents.notifier.endpoints import SECRET_PREFIX, Endpoint, read_secret_file
from agents.notifier.worker import client_of, configured_endpoints
from agents.notifier_settings import NotifierSettings
from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.exit_codes import ExitCode
from deploy.inspection.dead_letters import DeadLetters, code_of, list_dead_letters
from deploy.inspection.instants import second_of
from deploy.inspection.record_json import record_json
from deploy.inspection.record_words import message_of, origin_of
from deploy.inspection.scan_bar import scan_bar
from deploy.inspection.visible_text import visible
from deploy.notification_replay import Replay, Replayed, replay_group
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.records.topic_record import TopicRecord
from deploy.since_option import Since, since_ms
from events.errors import Misconfigured
from schemas.notification_dead_letters import ENDPOINT_HEADER, STATUS_HEADER, TRIES_HEADER
from schemas.strict_json import Json
from schemas.topics import NOTIFICATION_DEAD_LETTERS

_SECRET_BYTES: Final = 32
_OWNER_ONLY: Final = 0o600

app = command_app("Look at notifications that were not delivered, and send them again.")


@app.callback()
def notifications() -> None:
    """Look at notifications that were not delivered, and send them again."""


@app.command("dead-letters")
def dead_letters(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, metavar="N", help="Show the newest N.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show the newest notifications that an endpoint did not take, and how many there are.

    For each: when it was put aside, which decision it was of, the endpoint, why, the device.
    """
    connection = connection_to(load_settings().kafka)
    letters = asyncio.run(_letters(connection, limit))
    if as_json:
        answer_json(_report(letters))
    else:
        _show(answers(), letters)


@app.command(no_args_is_help=True)
def replay(
    *,
    endpoint: Annotated[
        str, typer.Argument(metavar="ENDPOINT", help="Its name in the endpoints file.")
    ],
    since: Since = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Send an endpoint again what it did not take, each notification with the id that it had.

    In the order in which they were put aside, up to the first failure; the next replay goes on
    there. What was replayed before is not sent again, unless --since says where to begin.
    """
    settings = load_settings()
    configured = {each.name: each for each in configured_endpoints(settings.notifier)}
    if endpoint not in configured:
        raise Misconfigured(
            "notifier.unknown-endpoint",
            f"no endpoint is named {endpoint!r}; there are {', '.join(configured)}",
        )
    connection = connection_to(settings.kafka)
    group = replay_group(settings.application.name, endpoint)
    instant_ms = since_ms(since)
    done = asyncio.run(
        _replayed(connection, group, configured[endpoint], settings.notifier, instant_ms)
    )
    if as_json:
        answer_json(_replay_report(endpoint, done))
    else:
        answers().print(_replay_words(endpoint, done), soft_wrap=True, markup=False)
    raise typer.Exit(ExitCode.OK if done.is_whole else ExitCode.FAILED)


@app.command(no_args_is_help=True)
def secret(
    secret_file: Annotated[Path, typer.Argument(metavar="FILE", help="Gets the secret.")],
) -> None:
    """Make a secret that signs an endpoint's webhooks, in a file which only its owner may read.

    Its receiver needs the same secret. To replace one, add a second file to `secret_files`.
    """
    text = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    try:
        descriptor = os.open(secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise Misconfigured(
            "notifier.file-not-written", f"{secret_file} cannot be written: {error.strerror}"
        ) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
    read_secret_file(secret_file)
    answers().print(
        f"{secret_file}: a new secret; give it to the endpoint's receiver, too",
        soft_wrap=True,
        markup=False,
    )


async def _letters(connection: Connection, limit: int) -> DeadLetters:
    with scan_bar("reading dead letters") as bar:
        async with TopicReader(connection) as reader:
            return await list_dead_letters(
                reader,
                topic=NOTIFICATION_DEAD_LETTERS,
                limit=limit,
                code=None,
                kind_of=_kind_of,
                on_progress=bar.progress,
            )


async def _replayed(
    connection: Connection,
    group: str,
    endpoint: Endpoint,
    settings: NotifierSettings,
    instant_ms: int | None,
) -> Replayed:
    catalogues = Catalogues(settings.locales.split(","))
    with scan_bar("replaying") as bar:
        async with TopicReader(connection) as reader, client_of(endpoint, settings) as client:
            replaying = Replay(connection, group, client, catalogues)
            return await replaying.run(reader, since_ms=instant_ms, on_progress=bar.progress)


def _kind_of(letter: TopicRecord) -> str:
    """What letters are counted by: endpoint and code."""
    return f"{_endpoint_of(letter)}  {code_of(letter)}"


def _endpoint_of(letter: TopicRecord) -> str:
    return letter.header(ENDPOINT_HEADER) or "-"


def _show(console: Console, letters: DeadLetters) -> None:
    if not letters.by_code:
        console.print("There are no dead letters: every notification was delivered.")
        return
    for letter in letters.newest:
        head = Text.assemble(
            (second_of(letter.timestamp_ms), "dim"),
            f"  {origin_of(letter)}  {visible(_endpoint_of(letter))}  ",
            (visible(code_of(letter)), "red"),
            f"  {visible(letter.key)}",
        )
        tries = letter.header(TRIES_HEADER) or "0"
        noun = "try" if tries == "1" else "tries"
        why = f"    {message_of(letter)}, after {visible(tries)} {noun}"
        console.print(head, soft_wrap=not console.is_terminal)
        console.print(Text(why), soft_wrap=not console.is_terminal)
    if letters.newest:
        console.print()
    _show_counts(console, letters.by_code)


def _show_counts(console: Console, counts: Counter[str]) -> None:
    width = max(len(visible(kind)) for kind in counts)
    for kind, count in counts.most_common():
        console.print(Text(f"{visible(kind).ljust(width)}  {count:>9,}"), soft_wrap=True)
    total = f"{'all'.ljust(width)}  {counts.total():>9,}"
    console.print(Text(total, style="bold"), soft_wrap=True)


def _report(letters: DeadLetters) -> dict[str, Json]:
    return {
        "letters": [
            {
                "endpoint": _endpoint_of(letter),
                "code": code_of(letter),
                "message": letter.header("biolatch-error-message"),
                "last_status": _number(letter.header(STATUS_HEADER)),
                "tries": _number(letter.header(TRIES_HEADER)),
                "letter": record_json(letter),
            }
            for letter in letters.newest
        ],
        "total": letters.by_code.total(),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _replay_report(endpoint: str, done: Replayed) -> dict[str, Json]:
    return {
        "endpoint": endpoint,
        "delivered": done.delivered,
        "refused": done.refused,
        "failure": None if done.failure is None else done.failure.reason,
    }


def _replay_words(endpoint: str, done: Replayed) -> str:
    noun = "notification" if done.delivered == 1 else "notifications"
    words = f"{endpoint}: {done.delivered} {noun} delivered"
    if done.refused:
        words += f", {done.refused} refused again"
    if done.failure is not None and done.stopped_at is not None:
        words += (
            f"; stopped at {origin_of(done.stopped_at)}: {done.failure.reason}. "
            "Mend the endpoint and run this again: it goes on there."
        )
    return words
