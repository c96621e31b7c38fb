"""Asks the Parquet files with DuckDB. The only file that imports it.

Owns how files become the view `events` that every question is about. Nothing is written: the
database lives in memory for one question.
"""

# DuckDB's rows are untyped; they become plain values here.
# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeAlias

import duckdb

from deploy.analytics.questions import SQL, Parameter, QuestionName, sql_of
from deploy.analytics.store import readable_files
from events.errors import Misconfigured
from events.timestamps import format_rfc3339

Value: TypeAlias = str | int | float | bool | None


class Answer(NamedTuple):
    """What the files say.

    Attributes:
        columns: the names of the columns.
        rows: the rows; an instant is RFC 3339, in UTC.
        events: how many events are kept in all.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Value]]
    events: int


def ask(
    folder: Path,
    question: QuestionName,
    parameters: Mapping[Parameter, str | float],
    since_ms: int | None = None,
) -> Answer:
    """Ask one of the questions that come ready.

    Args:
        folder: where the files are.
        question: which question.
        parameters: a value for each that it has.
        since_ms: leave out what happened before; None for everything.

    Raises:
        Misconfigured: the folder has no files, or one of them cannot be read.
    """
    files = readable_files(folder)
    if not files:
        raise Misconfigured(
            "analytics.no-files",
            f"{folder} has no Parquet files of the security feed. `biolatch run --agents parquet` "
            "writes them, with BIOLATCH_ANALYTICS__PARQUET_FOLDER set to that folder; the first "
            "ones after BIOLATCH_ANALYTICS__PARQUET_INTERVAL_S.",
        )
    try:
        return _asked([str(file) for file in files], question, parameters, since_ms)
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        raise Misconfigured(
            "analytics.unreadable", f"the files in {folder} cannot be asked: {first_line}"
        ) from error


def _asked(
    files: Sequence[str],
    question: QuestionName,
    parameters: Mapping[Parameter, str | float],
    since_ms: int | None,
) -> Answer:
    with duckdb.connect(":memory:") as database:
        kept = database.read_parquet([*files], union_by_name=True)
        if since_ms is not None:
            kept = kept.filter(f"time >= make_timestamp({since_ms * 1000})")
        kept.create_view("kept")
        database.execute((SQL / "events.sql").read_text(encoding="utf-8"))
        counted = database.execute("SELECT count(*) FROM kept").fetchone()
        database.execute(
            sql_of(question), {name.value: value for name, value in parameters.items()}
        )
        columns = [str(column[0]) for column in database.description or ()]
        rows = [[_plain(value) for value in row] for row in database.fetchall()]
    return Answer(columns, rows, int(counted[0]) if counted else 0)


def _plain(value: object) -> Value:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return format_rfc3339(round(value.replace(tzinfo=UTC).timestamp() * 1000))
        case _:
            return float(str(value))  # a decimal
