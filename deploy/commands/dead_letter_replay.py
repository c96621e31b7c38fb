"""`biolatch dead-letters replay`: dead letters become input again, each once."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from agents.settings import Settings, load_settings
from deploy.console import answer_json, answers, diagnostics
from deploy.exit_codes import ExitCode
from deploy.inspection.dead_letters import code_of
from deploy.inspection.instants import instant_ms, second_of
from deploy.inspection.record_words import origin_of
from deploy.inspection.scan_bar import scan_bar
from deploy.inspection.topic_names import short_name
from deploy.inspection.topic_settings import settings_of
from deploy.inspection.visible_text import visible
from deploy.records.connection import Connection, connection_to
from deploy.replay.letters import MEANINGS, Fate, Selection, place_of
from deploy.replay.replaying import Replay, Task, replay
from deploy.since_option import Since, since_ms
from schemas.malformed import MalformedCode
from schemas.topics import DEVICE_EVENTS, topology

_SHOWN_MAX: Final = 20
_KEEPS_EVERYTHING: Final = -1

_Code = Annotated[str | None, typer.Option(metavar="CODE", help="Letters with this code.")]
_Device = Annotated[str | None, typer.Option(metavar="ID", help="Letters with this key.")]
_Partition = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Originals that stood in this partition.")
]
_FromOffset = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Originals from this offset on.")
]
_ToOffset = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="Originals up to this offset.")
]
_Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Letters written before; as --since.")
]
_All = Annotated[bool, typer.Option("--all", help="All letters, where nothing else is said.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show it, and publish nothing.")]
_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def replay_letters(  # noqa: PLR0913 - one parameter for each option
    *,
    code: _Code = None,
    device: _Device = None,
    partition: _Partition = None,
    from_offset: _FromOffset = None,
    to_offset: _ToOffset = None,
    since: Since = None,
    until: _Until = None,
    every: _All = False,
    dry_run: _DryRun = False,
    as_json: _Json = False,
) -> None:
    """Publish dead letters again, each once, after their cause is mended.

    Key, value and headers are the original's, the id of its event too, so that the rules know a
    repeat. What was published again before is left alone, however often the command is run. Give
    one option at least that says which, or --all. If some could not be published the exit code
    is 1.
    """
    if code is not None and code not in tuple(MalformedCode):
        raise typer.BadParameter(
            f"{code!r} is none of: {', '.join(MalformedCode)}", param_hint="--code"
        )
    given = (code, device, partition, from_offset, to_offset, since, until)
    if every == any(each is not None for each in given):
        raise typer.BadParameter("say which letters, or --all")
    settings = load_settings()
    selection = Selection(
        code=code,
        partition=partition,
        from_offset=from_offset,
        to_offset=to_offset,
        until_ms=_until_ms(until),
        key=None if device is None else device.encode(),
    )
    replays = asyncio.run(_replayed(settings, selection, since_ms(since), dry_run=dry_run))
    if as_json:
        answer_json(_report(replays, dry_run=dry_run))
    else:
        _show(answers(), replays, dry_run=dry_run)
    if any(each.fate not in (Fate.PUBLISHED, Fate.ALREADY_REPLAYED) for each in replays):
        raise typer.Exit(ExitCode.FAILED)


def _until_ms(until: str | None) -> int | None:
    if until is None:
        return None
    try:
        return instant_ms(until, now_ms=_now_ms())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from error


def _now_ms() -> int:
    return int(time.time() * 1000)


async def _replayed(
    settings: Settings, selection: Selection, since: int | None, *, dry_run: bool
) -> Sequence[Replay]:
    connection = connection_to(settings.kafka)
    task = Task(
        application=settings.application.name,
        selection=selection,
        since_ms=since,
        oldest_ms=await _oldest_ms(connection, settings.application.name),
        dry_run=dry_run,
    )
    with scan_bar("reading dead letters and input") as bar:
        return await replay(connection, task, on_progress=bar.progress, on_published=_tell)


async def _oldest_ms(connection: Connection, application: str) -> int | None:
    """How old a letter may be: as old as its mark, if there is one, is still in the input."""
    of_topics = await settings_of(connection, topology(application))
    kept_ms = int(of_topics[DEVICE_EVENTS]["retention.ms"])
    return None if kept_ms == _KEEPS_EVERYTHING else _now_ms() - kept_ms


def _tell(published: int, due: int) -> None:
    """Say after each chunk how far it is, on a terminal."""
    console = diagnostics()
    if console.is_terminal and published < due:
        console.print(f"{published:,} of {due:,} published")


def _show(console: Console, replays: Sequence[Replay], *, dry_run: bool) -> None:
    if not replays:
        console.print("No dead letter is meant by that; nothing was published.")
        return
    for each in replays[:_SHOWN_MAX]:
        console.print(_line(each, dry_run=dry_run), soft_wrap=not console.is_terminal)
    if len(replays) > _SHOWN_MAX:
        console.print(f"... and {len(replays) - _SHOWN_MAX:,} more")
    console.print()
    counts = Counter(each.fate for each in replays)
    for fate, count in counts.most_common():
        console.print(Text(f"{count:>9,}  {_meaning(fate, dry_run=dry_run)}"), soft_wrap=True)


def _line(each: Replay, *, dry_run: bool) -> Text:
    letter, fate, original = each
    if original is not None:
        verb = "would go to" if dry_run else "published to"
        where = Text(f"{verb} {short_name(DEVICE_EVENTS)}/{original.partition}", style="green")
    else:
        style = "dim" if fate is Fate.ALREADY_REPLAYED else "red"
        where = Text(fate.value, style=style)
    return Text.assemble(
        (second_of(letter.timestamp_ms), "dim"),
        f"  {origin_of(letter)}  {visible(code_of(letter))}  {visible(letter.key)}  ",
        where,
    )


def _meaning(fate: Fate, *, dry_run: bool) -> str:
    return "would be published again" if dry_run and fate is Fate.PUBLISHED else MEANINGS[fate]


def _report(replays: Sequence[Replay], *, dry_run: bool) -> dict[str, object]:
    counts = Counter(each.fate for each in replays)
    return {
        "dry_run": dry_run,
        "selected": len(replays),
        "by_fate": {fate.value: counts[fate] for fate in Fate if counts[fate]},
        "letters": [_letter_report(each) for each in replays],
    }


def _letter_report(each: Replay) -> dict[str, object]:
    letter, fate, original = each
    return {
        "letter": place_of(letter),
        "original": origin_of(letter),
        "code": code_of(letter),
        "device_id": visible(letter.key),
        "fate": fate.value,
        "partition": None if original is None else original.partition,
    }
