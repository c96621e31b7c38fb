"""`biolatch lag`: how far the workers are behind."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.inspection.instants import span_of_time
from deploy.inspection.lag import Lag, PartitionLag
from deploy.monitor.agent_lags import WITHOUT_GROUP, GroupLag, all_lags, lags_of
from deploy.workers import AgentName

app = command_app("Show how far the workers are behind.")


@app.command()
def lag(
    *,
    agents: Annotated[
        AgentName, typer.Option(help="Whose workers; the names are those of `biolatch run`.")
    ] = AgentName.DEVICES,
    every: Annotated[
        bool, typer.Option("--all", help="Every group of the application, in one table.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show how far the workers are behind.

    Behind in time is the age of the oldest record that waits, by the broker's time against this
    machine's clock; unknown is said, never shown as 0. Offsets behind are counted up to the last
    stable offset and include the markers of publishers that use transactions.
    """
    if every and agents is not AgentName.DEVICES:
        raise typer.BadParameter("give one of --agents and --all")
    settings = load_settings()
    lags = asyncio.run(all_lags(settings) if every else lags_of(settings, agents))
    if as_json:
        reports = [_report(each) for each in lags]
        # Of the agent for devices there is one, as there was before there were others.
        alone = agents is AgentName.DEVICES and not every
        answer_json(reports[0] if alone else {"groups": reports})
    elif every:
        _show_all(answers(), lags)
    else:
        _show_each(answers(), agents, lags)
    if every or agents is AgentName.PARQUET:
        _say(diagnostics() if as_json else answers(), WITHOUT_GROUP)


def _show_each(console: Console, agents: AgentName, lags: Sequence[GroupLag]) -> None:
    if not lags and agents is not AgentName.PARQUET:
        _say(console, f"There is no group of theirs yet: {_command(agents)}")
    for number, each in enumerate(lags):
        if number:
            console.print()
        _show(console, each, agents)


def _command(agents: AgentName) -> str:
    return "biolatch run" + ("" if agents is AgentName.DEVICES else f" --agents {agents}")


def _show(console: Console, of: GroupLag, agents: AgentName = AgentName.DEVICES) -> None:
    (group, topic), lag = of
    console.print(Text(f"group {group} on {topic}"), soft_wrap=True)
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
    if all(partition.committed is None for partition in lag.partitions):
        _say(console, f"No worker of this group has committed anything yet: {_command(agents)}")
    if strays := _strays(lag):
        _say(
            console,
            f"Partition {strays}: the group stands outside of what the topic holds. "
            "Events were deleted before they were decided, or the topic was made anew.",
        )


def _show_all(console: Console, lags: Sequence[GroupLag]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("group", "topic"):
        table.add_column(name, overflow="fold")
    for name in ("offsets behind", "behind"):
        table.add_column(name, justify="right", no_wrap=True)
    for (group, topic), lag in lags:
        behind = f"{lag.offsets_behind:,}"
        table.add_row(Text(group), Text(topic), behind, _time_behind(lag.behind_ms))
    console.print(table)
    for (group, topic), lag in lags:
        if strays := _strays(lag):
            _say(
                console,
                f"Partition {strays} of {topic}: group {group} stands outside of what the topic "
                "holds. Records were deleted before they were read, or the topic was made anew.",
            )


def _strays(lag: Lag) -> str:
    return ", ".join(str(each.partition) for each in lag.partitions if each.is_out_of_range)


def _say(console: Console, words: str) -> None:
    console.print(words, soft_wrap=not console.is_terminal, markup=False)


def _time_behind(behind_ms: int | None) -> Text:
    match behind_ms:
        case None:
            return Text("unknown", style="red")
        case 0:
            return Text("0 s", style="green")
        case _:
            return Text(span_of_time(behind_ms), style="yellow")


def _report(of: GroupLag) -> dict[str, object]:
    (group, topic), lag = of
    return {
        "group": group,
        "topic": topic,
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
