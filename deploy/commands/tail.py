"""`biolatch tail`: the records of a topic, for people and for machines."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final, NamedTuple

import typer

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answers, diagnostics
from deploy.inspection.record_json import one_line, record_json
from deploy.inspection.record_lines import RecordLines
from deploy.inspection.scan_bar import ScanBar, scan_bar
from deploy.inspection.topic_names import named_topic
from deploy.outage_notice import outage_notice
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.records.sequence import OUTAGE_S_MAX, followed, merged, newest
from deploy.records.topic_record import TopicRecord
from deploy.since_option import Since, since_ms

_NEWEST_COUNT: Final = 10

app = command_app("Show the records of a topic.")


class _Wishes(NamedTuple):
    """What was asked for."""

    topic: str
    since_ms: int | None
    from_beginning: bool
    newest_count: int
    device: str | None
    limit: int | None
    is_followed: bool
    as_json: bool


@app.command(no_args_is_help=True)
def tail(
    *,
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC",
            help="device-events, verdicts, decisions, device-state or dead-letters.",
        ),
    ],
    last: Annotated[
        int, typer.Option("--last", "-n", min=0, metavar="N", help="Begin with the newest N.")
    ] = _NEWEST_COUNT,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with the oldest record.")
    ] = False,
    since: Since = None,
    device: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the records of this device.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after N records.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for machines.")
    ] = False,
) -> None:
    """Show the records of a topic.

    The newest ten, in the order of the broker's time, unless you say otherwise. Times are UTC.
    Records of a transaction that was aborted, or is not finished, are never shown.
    """
    settings = load_settings()
    try:
        name = named_topic(topic, settings.application.name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="TOPIC") from error
    if since is not None and from_beginning:
        raise typer.BadParameter("give --since or --from-beginning, not both")
    wishes = _Wishes(
        name,
        since_ms(since),
        from_beginning,
        last,
        device,
        limit,
        follow,
        as_json,
    )
    asyncio.run(_tail(connection_to(settings.kafka), wishes))


async def _tail(connection: Connection, wishes: _Wishes) -> None:
    lines = RecordLines(answers(), wishes.topic, with_device=wishes.device is None)
    shown = 0
    with scan_bar(f"reading {wishes.topic}") as bar:
        async with (
            TopicReader(connection) as reader,
            aclosing(_records(reader, wishes, bar)) as records,
        ):
            async for record in records:
                bar.hide()
                if wishes.as_json:
                    sys.stdout.write(one_line(record_json(record)) + "\n")
                else:
                    lines.show(record)
                shown += 1
                if shown == wishes.limit:
                    return


async def _records(
    reader: TopicReader, wishes: _Wishes, bar: ScanBar
) -> AsyncGenerator[TopicRecord]:
    partitions = await reader.partitions(wishes.topic)
    spans = await reader.spans(partitions)
    key = None if wishes.device is None else wishes.device.encode()
    if wishes.from_beginning or wishes.since_ms is not None:
        rest = await reader.since(spans, wishes.since_ms)
        async for record in merged(reader, rest, key=key, on_progress=bar.progress):
            yield record
    elif wishes.newest_count:
        for record in await newest(
            reader, spans, wishes.newest_count, key=key, on_progress=bar.progress
        ):
            yield record
    if not wishes.is_followed:
        return
    sys.stdout.flush()
    notice = outage_notice(diagnostics(), "waiting", wait_s_max=OUTAGE_S_MAX)
    ends = {partition: span.end for partition, span in spans.items()}
    async for record in followed(reader, ends, key=key, on_outage=notice):
        yield record
        sys.stdout.flush()
