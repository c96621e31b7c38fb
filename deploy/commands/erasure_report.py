"""`biolatch erasure-report`: what is left of a device or user that was erased."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.erasure_keys import read_erasure_keys
from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.erasure.marks import MarkKind
from deploy.erasure.report import Report, Subject, Verdict, report_on
from deploy.erasure.store_traces import StoreTraces
from deploy.erasure.topic_traces import Traces
from deploy.exit_codes import ExitCode
from deploy.inspection.instants import written
from deploy.inspection.scan_bar import scan_bar
from deploy.inspection.topic_names import short_name
from deploy.records.connection import connection_to
from schemas.topics import Cleanup, topology

app = command_app("Prove that an erased device or user has left, or say what is left.")

_VERDICTS = {
    Verdict.ERASED: "erased: nothing is left but the mark",
    Verdict.LEAVING: "erased, and not gone yet: what is left goes by itself",
    Verdict.MARK_IN_CLEAR: (
        "erased, but the mark is in clear: it was put without a key. Set "
        "BIOLATCH_ERASURE__MARK_KEYS_FILE on the workers; the device's next event moves it "
        "(publish the erasure again)"
    ),
    Verdict.NOT_ERASED: "not erased",
    Verdict.NO_MARK: (
        "nothing is found, and no mark that the keys at hand find: never heard of, or "
        "BIOLATCH_ERASURE__MARK_KEYS_FILE is not the workers'"
    ),
}

_MARKS = {
    MarkKind.KEYED: "stands under the current key",
    MarkKind.OLDER_KEY: "stands under an older key; the device's next event moves it",
    MarkKind.CLEAR: "stands in clear",
    MarkKind.INSIDE: "stands in the row of the device, which has come back",
}


@app.command(no_args_is_help=True)
def erasure_report(
    *,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device's id.")],
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Only what is left of this user of it.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Search these local stores, too. Default: BIOLATCH_STORE__FOLDER.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Prove that an erased device or user has left, or say what is left.

    Reads every record of every topic, those of aborted transactions too, and searches keys, values
    and headers for the id. Says for each topic what was found, and by which setting of the topic
    it is gone when, at the latest. Needs BIOLATCH_ERASURE__MARK_KEYS_FILE as the workers have it,
    to find the mark. The exit code is 0 only if nothing but the mark is left, else 1.
    """
    settings = load_settings()
    keys_file = settings.erasure.mark_keys_file
    keys = None if keys_file is None else read_erasure_keys(keys_file)
    with scan_bar("searching") as bar:
        report = asyncio.run(
            report_on(
                connection_to(settings.kafka),
                topology(settings.application.name),
                Subject(device_id=device, user_id=user),
                keys=keys,
                store=store or settings.store.folder,
                sweep_interval_s=settings.store.sweep_interval_s,
                on_progress=bar.progress,
            )
        )
    if as_json:
        answer_json(_json(report))
    else:
        _show(answers(), report)
    if report.verdict is not Verdict.ERASED:
        raise typer.Exit(ExitCode.FAILED)


def _show(console: Console, report: Report) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("where", "found", "oldest", "newest", "gone at the latest", "by"):
        table.add_column(name, justify="right" if name == "found" else "left")
    for traces in report.topics:
        table.add_row(*_row(traces))
    if report.store is not None:
        table.add_row(*_store_row(report.store))
    if not console.is_terminal:
        console.width = 200
    console.print(table)
    mark = report.standing.mark
    words = (
        "none that the keys at hand find"
        if mark is None
        else f"{_MARKS[mark.kind]}; nothing from up to {written(mark.erased_ms)} comes back"
    )
    console.print(Text(f"\nmark     {words}"), soft_wrap=True)
    verdict = _VERDICTS[report.verdict]
    if report.verdict is Verdict.NOT_ERASED and mark is None:
        verdict += ", or BIOLATCH_ERASURE__MARK_KEYS_FILE is not the workers'"
    console.print(Text(f"verdict  {verdict}"), soft_wrap=True)
    if report.verdict is Verdict.LEAVING and report.gone_ms is not None:
        until = f"all of it is gone at {written(report.gone_ms)} at the latest"
        if any(_waits_for_more(traces) for traces in report.topics):
            until += "; in a compacted topic only once its partition gets another record after that"
        console.print(Text(f"         {until}"), soft_wrap=True)


def _waits_for_more(traces: Traces) -> bool:
    return traces.found > 0 and traces.terms.cleanup is Cleanup.COMPACT


def _row(traces: Traces) -> tuple[str, ...]:
    name = short_name(traces.topic)
    if traces.oldest_ms is None or traces.newest_ms is None:
        return name, "0", "", "", "", ""
    gone = "stays" if traces.gone_ms is None else written(traces.gone_ms)
    words = (
        f"{traces.stays} the last of its key, with a value" if traces.stays else traces.terms.words
    )
    return (
        name,
        f"{traces.found:,}",
        written(traces.oldest_ms),
        written(traces.newest_ms),
        gone,
        words,
    )


def _store_row(store: StoreTraces) -> tuple[str, ...]:
    if store.gone_ms is None:
        return "local stores", "0", "", "", "", f"{store.files} files searched"
    return (
        "local stores",
        f"{store.found:,} of {store.files:,} files",
        "",
        "",
        written(store.gone_ms),
        f"{store.words}, while a worker has the store",
    )


def _json(report: Report) -> dict[str, object]:
    mark, store = report.standing.mark, report.store
    return {
        "device_id": report.subject.device_id,
        "user_id": report.subject.user_id,
        "verdict": report.verdict.value,
        "gone_at": None if report.gone_ms is None else written(report.gone_ms),
        "mark": None
        if mark is None
        else {"kind": mark.kind.value, "erased_up_to": written(mark.erased_ms)},
        "is_alive": report.standing.is_alive,
        "topics": [_traces_json(traces) for traces in report.topics],
        "store": None
        if store is None
        else {
            "files": store.files,
            "found": store.found,
            "gone_at": None if store.gone_ms is None else written(store.gone_ms),
        },
    }


def _traces_json(traces: Traces) -> dict[str, object]:
    return {
        "topic": traces.topic,
        "found": traces.found,
        "stays": traces.stays,
        "oldest": None if traces.oldest_ms is None else written(traces.oldest_ms),
        "newest": None if traces.newest_ms is None else written(traces.newest_ms),
        "gone_at": None if traces.gone_ms is None else written(traces.gone_ms),
        "needs_another_record": _waits_for_more(traces),
        "by": traces.terms.words,
    }
