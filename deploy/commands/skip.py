"""`biolatch skip`: the record at which a partition is parked becomes a dead letter."""

import asyncio
from typing import Annotated, Final, assert_never

import typer
from rich.console import Console
from rich.text import Text

from agents.lane.skip import NotNext
from agents.settings import Settings, load_settings
from deploy.analytics.lanes import LaneName
from deploy.broker_address import at_the_broker_of_this_folder
from deploy.command_app import command_app
from deploy.console import answer_json, answers, say_error
from deploy.exit_codes import ExitCode
from deploy.inspection.topic_names import short_name
from deploy.inspection.visible_text import visible
from deploy.skip_record import SKIPPED, NoSuchPartition, Skipped, Skipping, skip_record
from deploy.workers import AgentName
from schemas.topics import DEAD_LETTERS

_ELSEWHERE: Final = {
    AgentName.NOTIFIER: "a partition of the notifier stands where its group does, and Kafka's own "
    "tool moves that: docs/runbooks/partition-parked.md, step 6",
    AgentName.SIGNALS: "no record of a shared signal parks a partition",
    AgentName.PARQUET: "it decides nothing, so no record parks a partition of it",
}
"""Why the records of these agents are not skipped here, and where they are."""

app = command_app("Let a parked partition go on without the record that stopped it.")


@app.command(no_args_is_help=True)
def skip(
    *,
    partition: Annotated[
        int, typer.Argument(min=0, metavar="PARTITION", help="The parked partition's number.")
    ],
    offset: Annotated[
        int, typer.Argument(min=0, metavar="OFFSET", help="The record's offset, as the log names.")
    ],
    agents: Annotated[
        AgentName,
        typer.Option(help="Whose partition it is: that of devices, or of analytics with --lane."),
    ] = AgentName.DEVICES,
    lane: Annotated[
        LaneName | None, typer.Option(help="With --agents analytics: which of its lanes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Let a parked partition go on without the record that stopped it.

    The record, unchanged, becomes a dead letter with the code operator.skipped, and nothing is
    decided for it. Only the record that the partition stands at can be skipped: the worker's log
    (lane.parked) names it, and this command as it has to be. The worker goes on by itself, within
    seconds. If the partition stands elsewhere, nothing is done and the exit code is 1.
    """
    of = _skipping(at_the_broker_of_this_folder(load_settings()), agents, lane)
    try:
        skipped = asyncio.run(skip_record(of, partition, offset))
    except NoSuchPartition as none:
        raise typer.BadParameter(str(none), param_hint="PARTITION") from none
    except NotNext as not_next:
        if as_json:
            answer_json(_refusal(of, partition, offset, not_next))
        say_error("error[skip.not_next]", _advice(of, partition, offset, not_next))
        raise typer.Exit(ExitCode.FAILED) from not_next
    if as_json:
        answer_json(_report(skipped))
    else:
        _show(answers(), skipped)


def _skipping(settings: Settings, agents: AgentName, lane: LaneName | None) -> Skipping:
    match agents:
        case AgentName.DEVICES if lane is None:
            return Skipping.of_devices(settings)
        case AgentName.ANALYTICS if lane is not None:
            return Skipping.of_analytics(settings, lane)
        case AgentName.ANALYTICS:
            raise typer.BadParameter(
                f"say which one of its lanes: {', '.join(LaneName)}", param_hint="--lane"
            )
        case AgentName.DEVICES:
            raise typer.BadParameter("only --agents analytics has lanes", param_hint="--lane")
        case AgentName.NOTIFIER | AgentName.SIGNALS | AgentName.PARQUET:
            raise typer.BadParameter(_ELSEWHERE[agents], param_hint="--agents")
        case _:
            assert_never(agents)


def _show(console: Console, skipped: Skipped) -> None:
    partition, record = skipped
    place = f"{short_name(partition.topic)}/{partition.number}/{record.offset}"
    letter = f"{SKIPPED.value}, in {DEAD_LETTERS}/{partition.number}"
    look = f"biolatch dead-letters list --code {SKIPPED.value}"
    _say(console, f"Skipped {place}, of device {visible(record.key)}.")
    _say(console, f"It is a dead letter now: {letter}. To see it: {look}")
    _say(console, "The worker goes on behind it by itself.")


def _say(console: Console, words: str) -> None:
    console.print(Text(words), soft_wrap=True)


def _report(skipped: Skipped) -> dict[str, object]:
    partition, record = skipped
    return {
        "skipped": True,
        "topic": partition.topic,
        "partition": partition.number,
        "offset": record.offset,
        "device_id": visible(record.key),
        "code": SKIPPED.value,
        "dead_letter_topic": DEAD_LETTERS,
        "next_offset": record.offset + 1,
    }


def _refusal(of: Skipping, partition: int, offset: int, not_next: NotNext) -> dict[str, object]:
    return {
        "skipped": False,
        "topic": of.input,
        "partition": partition,
        "offset": offset,
        "next_offset": not_next.next_offset,
    }


def _advice(of: Skipping, partition: int, offset: int, not_next: NotNext) -> str:
    stands_at = not_next.next_offset
    nothing = f"Nothing was skipped: partition {partition} "
    if stands_at is None:
        return f"{nothing}has decided every record that it has."
    if stands_at > offset:
        return (
            f"{nothing}stands at offset {stands_at}; {offset} is decided, or skipped already: "
            "biolatch dead-letters list"
        )
    return (
        f"{nothing}stands at offset {stands_at}, before {offset}. If that record is the one that "
        f"stopped it: {of.command} {partition} {stands_at}"
    )
