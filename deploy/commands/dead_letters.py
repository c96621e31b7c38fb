"""`biolatch dead-letters`: input that could not be decoded."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.commands.dead_letter_replay import replay_letters
from deploy.console import answer_json, answers
from deploy.inspection.dead_letters import DeadLetters, code_of, list_dead_letters
from deploy.inspection.instants import second_of
from deploy.inspection.record_json import record_json
from deploy.inspection.record_words import message_of, origin_of
from deploy.inspection.scan_bar import scan_bar
from deploy.inspection.visible_text import visible
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.records.topic_record import TopicRecord
from schemas.malformed import MalformedCode
from schemas.strict_json import Json

app = command_app("Look at input that could not be decoded, and publish it again.")


@app.callback()
def dead_letters() -> None:
    """Look at input that could not be decoded, and publish it again."""


@app.command("list")
def list_letters(
    *,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, metavar="N", help="Show the newest N.")
    ] = 20,
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="Show only letters with this code.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show the newest dead letters, and how many there are of each code.

    For each: when, the original's topic, partition and offset, the code, the key, and what is
    wrong. The originals, unchanged, are what `biolatch tail dead-letters --json` shows.
    """
    if code is not None and code not in tuple(MalformedCode):
        raise typer.BadParameter(
            f"{code!r} is none of: {', '.join(MalformedCode)}", param_hint="--code"
        )
    connection = connection_to(load_settings().kafka)
    letters = asyncio.run(_letters(connection, limit, code))
    if as_json:
        answer_json(_report(letters))
    else:
        _show(answers(), letters)


app.command("replay", no_args_is_help=True)(replay_letters)


async def _letters(connection: Connection, limit: int, code: str | None) -> DeadLetters:
    with scan_bar("reading dead letters") as bar:
        async with TopicReader(connection) as reader:
            return await list_dead_letters(reader, limit=limit, code=code, on_progress=bar.progress)


def _show(console: Console, letters: DeadLetters) -> None:
    if not letters.by_code:
        console.print("There are no dead letters.")
        return
    for letter in letters.newest:
        console.print(_head(letter), soft_wrap=not console.is_terminal)
        console.print(Text(f"    {message_of(letter)}"), soft_wrap=not console.is_terminal)
    if letters.newest:
        console.print()
    width = max(len(visible(code)) for code in letters.by_code)
    for code, count in letters.by_code.most_common():
        console.print(Text(f"{visible(code).ljust(width)}  {count:>9,}"), soft_wrap=True)
    total = f"{'all'.ljust(width)}  {letters.by_code.total():>9,}"
    console.print(Text(total, style="bold"), soft_wrap=True)


def _head(letter: TopicRecord) -> Text:
    return Text.assemble(
        (second_of(letter.timestamp_ms), "dim"),
        f"  {origin_of(letter)}  ",
        (visible(code_of(letter)), "red"),
        f"  {visible(letter.key)}",
    )


def _report(letters: DeadLetters) -> dict[str, Json]:
    return {
        "letters": [_letter_report(letter) for letter in letters.newest],
        "by_code": dict(letters.by_code.most_common()),
        "total": letters.by_code.total(),
    }


def _letter_report(letter: TopicRecord) -> dict[str, Json]:
    return {
        "code": code_of(letter),
        "message": letter.header("biolatch-error-message"),
        "original_topic": letter.header("biolatch-original-topic"),
        "original_partition": _number(letter.header("biolatch-original-partition")),
        "original_offset": _number(letter.header("biolatch-original-offset")),
        "original_timestamp_ms": _number(letter.header("biolatch-original-timestamp")),
        "letter": record_json(letter),
    }


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
