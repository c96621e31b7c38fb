"""`biolatch topics restore`: a topic that is a function of the rows, written anew from them."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from agents.settings import load_settings
from deploy.broker_address import at_the_broker_of_this_folder
from deploy.console import answer_json, answers
from deploy.inspection.scan_bar import scan_bar
from deploy.state_restore import Restored, restore_states


class Restorable(StrEnum):
    """Topics that can be written anew."""

    DEVICE_STATE = "device-state"


def restore_topic(
    *,
    topic: Annotated[Restorable, typer.Argument(metavar="TOPIC", help="device-state.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Write the public states anew from the workers' rows: what is missing, and what differs.

    Workers may run: each partition is fenced for a moment, so nothing newer is overwritten. Set
    the workers' policy here too (BIOLATCH_POLICY__..., BIOLATCH_POLICY_FILE): it is part of what
    a state says.
    """
    del topic  # there is one
    settings = at_the_broker_of_this_folder(load_settings())
    with scan_bar("reading rows and states") as bar:
        restored = asyncio.run(restore_states(settings, dry_run=dry_run, on_progress=bar.progress))
    if as_json:
        answer_json({"dry_run": dry_run, "partitions": [_report(each) for each in restored]})
    else:
        _show(answers(), restored, dry_run=dry_run)


def _show(console: Console, restored: Sequence[Restored], *, dry_run: bool) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("partition", "right", "missing", "different", "surplus"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in restored:
        counts = (each.right, each.missing, each.different, each.surplus)
        table.add_row(str(each.partition), *(f"{count:,}" for count in counts))
    console.print(table)
    for each in restored:
        if each.unknown and each.written:
            console.print(
                f"Partition {each.partition}: the changelog has no rows; states were left alone.",
                soft_wrap=not console.is_terminal,
            )
    total = sum(each.written for each in restored if not each.unknown)
    console.print(f"{total:,} {'would be' if dry_run else 'were'} written.")


def _report(each: Restored) -> dict[str, object]:
    return {
        "partition": each.partition,
        "right": each.right,
        "missing": each.missing,
        "different": each.different,
        "surplus": each.surplus,
        "written": 0 if each.unknown else each.written,
        "rows_known": not each.unknown,
    }
