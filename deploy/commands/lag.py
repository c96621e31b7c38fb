"""`biolatch lag`: how far the workers are behind."""

import asyncio
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.inspection.instants import span_of_time
from deploy.inspection.lag import Lag, PartitionLag, measure_lag
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from schemas.topics import DEVICE_EVENTS

app = command_app("Show how far the workers are behind.")


@app.command()
def lag(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show how far the workers are behind.

    Behind in time is the age of the oldest event that waits, by the broker's time against this
    machine's clock; unknown is said, never shown as 0. Offsets behind are counted up to the last
    stable offset and include the markers of publishers that use transactions.
    """
    settings = load_settings()
    connection = connection_to(settings.kafka)
    group = settings.application.group
    measured = asyncio.run(_measured(connection, group))
    if as_json:
        answer_json(_report(group, measured))
    else:
        _show(answers(), group, measured)


async def _measured(connection: Connection, group: str) -> Lag:
    async with TopicReader(connection) as reader:
        return await measure_lag(reader, group, now_ms=int(time.time() * 1000))


def _show(console: Console, group: str, lag: Lag) -> None:
    console.print(Text(f"group {group} on {DEVICE_EVENTS}"), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for name in ("partition", "committed", "end", "offsets behind", "behind"):
        table.add_column(name, justify="right", no_wrap=True)
    for partition in lag.partitions:
        table.add_row(
            str(partition.partition),
            "none" if partition.committed is None else f"{partition.committed:,}",
            f"{partition.end:,}",
            f"{partition.offsets_behind:,}",
            _time_behind(partition.behind_ms),
        )
    total = _time_behind(lag.behind_ms)
    table.add_row("all", "", "", f"{lag.offsets_behind:,}", total, style="bold")
    console.print(table)
    for words in _remarks(lag):
        console.print(words, soft_wrap=not console.is_terminal)


def _time_behind(behind_ms: int | None) -> Text:
    match behind_ms:
        case None:
            return Text("unknown", style="red")
        case 0:
            return Text("0 s", style="green")
        case _:
            return Text(span_of_time(behind_ms), style="yellow")


def _remarks(lag: Lag) -> list[str]:
    remarks: list[str] = []
    if all(partition.committed is None for partition in lag.partitions):
        remarks.append("No worker of this group has committed anything yet: biolatch run")
    if strays := [str(each.partition) for each in lag.partitions if each.is_out_of_range]:
        remarks.append(
            f"Partition {', '.join(strays)}: the group stands outside of what the topic holds. "
            "Events were deleted before they were decided, or the topic was made anew."
        )
    return remarks


def _report(group: str, lag: Lag) -> dict[str, object]:
    return {
        "group": group,
        "topic": DEVICE_EVENTS,
        "offsets_behind": lag.offsets_behind,
        "seconds_behind": _seconds(lag.behind_ms),
        "partitions": [_partition_report(partition) for partition in lag.partitions],
    }


def _partition_report(partition: PartitionLag) -> dict[str, object]:
    return {
        "partition": partition.partition,
        "committed_offset": partition.committed,
        "start_offset": partition.start,
        "end_offset": partition.end,
        "offsets_behind": partition.offsets_behind,
        "seconds_behind": _seconds(partition.behind_ms),
    }


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000
