"""`biolatch analyse`: the ready questions over the security feed, asked of its Parquet files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.table import Table
from rich.text import Text

from agents.settings import load_settings
from deploy.analytics.questions import (
    FAILURES_BY,
    QUESTIONS,
    Parameter,
    Question,
    QuestionName,
)
from deploy.analytics.wording import heading, shown
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.since_option import Since, since_ms
from events.errors import Misconfigured

if TYPE_CHECKING:
    from deploy.analytics.asking import Answer

_UNCUT_WIDTH: Final = 1000
"""Where no terminal shows it, nothing is cut."""

app = command_app("Answer a ready question about the security feed.")


@app.command(no_args_is_help=True)
def analyse(  # noqa: PLR0913 (the options of a command)
    question: Annotated[
        QuestionName,
        typer.Argument(
            metavar="QUESTION",
            help=" ".join(f"{name}: {each.asks}" for name, each in QUESTIONS.items()),
        ),
    ],
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            metavar="FOLDER",
            help="Where the files are. Default: BIOLATCH_ANALYTICS__PARQUET_FOLDER.",
        ),
    ] = None,
    since: Since = None,
    minutes: Annotated[
        float | None, typer.Option(min=0, help="change-then-success: at most so long. Default: 60.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help=f"failures: of each {', '.join(FAILURES_BY)}. Default: device."
        ),
    ] = None,
    minimum: Annotated[
        int | None, typer.Option(min=0, help="failures: so many at least. Default: 3.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0, help="stuck: so long at least. Default: 7.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="Draw it, too: a .svg or a .png."),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="The picture for dark pages.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Answer in JSON, for machines; ids are whole there.")
    ] = False,
) -> None:
    """Answer a ready question about the security feed.

    It reads the files that `biolatch run --agents parquet` keeps, and no Kafka. The queries are
    SQL for DuckDB, in deploy/analytics/sql, to be changed and taken along. Devices and users are
    named by their masks.
    """
    if by is not None and by not in FAILURES_BY:
        raise typer.BadParameter(f"choose one of {', '.join(FAILURES_BY)}", param_hint="--by")
    asked = QUESTIONS[question]
    given: dict[Parameter, str | float | None] = {
        Parameter.MINUTES: minutes,
        Parameter.BY: by,
        Parameter.MINIMUM: minimum,
        Parameter.DAYS: days,
    }
    parameters = _parameters(question, asked, given)
    answer = _ask(_folder(folder), question, parameters, since_ms(since))
    if as_json:
        _answer_json(question, parameters, answer)
    else:
        _show(asked, answer)
    if picture is not None:
        _draw(asked, answer, picture, dark=dark)


def _ask(
    folder: Path,
    question: QuestionName,
    parameters: Mapping[Parameter, str | float],
    from_ms: int | None,
) -> "Answer":
    try:
        from deploy.analytics.asking import ask  # noqa: PLC0415 (its library may be missing)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    return ask(folder, question, parameters, from_ms)


def _answer_json(
    question: QuestionName, parameters: Mapping[Parameter, str | float], answer: "Answer"
) -> None:
    answer_json(
        {
            "question": question.value,
            **{name.value: value for name, value in parameters.items()},
            "events": answer.events,
            "rows": [dict(zip(answer.columns, row, strict=True)) for row in answer.rows],
        }
    )


def _parameters(
    name: QuestionName, question: Question, given: dict[Parameter, str | float | None]
) -> dict[Parameter, str | float]:
    for parameter, value in given.items():
        if value is not None and parameter not in question.parameters:
            raise typer.BadParameter(f"{name} does not take it", param_hint=f"--{parameter}")
    return {
        parameter: default if (value := given[parameter]) is None else value
        for parameter, default in question.parameters.items()
    }


def _folder(folder: Path | None) -> Path:
    found = folder or load_settings().analytics.parquet_folder
    if found is None:
        raise Misconfigured(
            "analytics.no-folder",
            "say where the files are: --folder, or BIOLATCH_ANALYTICS__PARQUET_FOLDER",
        )
    return found


def _show(question: Question, answer: "Answer") -> None:
    console = answers()
    console.print(Text(question.asks, style="bold"), soft_wrap=not console.is_terminal)
    if not answer.rows:
        console.print(Text(question.nothing), soft_wrap=not console.is_terminal)
        return
    if not console.is_terminal:
        console.width = _UNCUT_WIDTH
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(answer.columns):
        is_number = any(isinstance(row[number], int | float) for row in answer.rows)
        # Where the terminal is narrow, words go to the next line; nothing is shortened.
        justify: Literal["right", "left"] = "right" if is_number else "left"
        table.add_column(heading(column), justify=justify, overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(shown(value)) for value in row))
    console.print(table)


def _draw(question: Question, answer: "Answer", file: Path, *, dark: bool) -> None:
    try:
        from deploy.analytics.picture import picture  # noqa: PLC0415 (as above)
        from deploy.bench.chart_file import draw  # noqa: PLC0415 (as above)
        from deploy.bench.chart_style import DARK, LIGHT  # noqa: PLC0415 (as above)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    draw(picture(question, answer, DARK if dark else LIGHT), file)
    diagnostics().print(f"drawn: {file}", markup=False, soft_wrap=True)


def _missing(error: ModuleNotFoundError) -> Misconfigured:
    return Misconfigured(
        "analytics.no-library",
        f'{error.name} is not installed: `pip install "biolatch[analytics]"` mends it',
    )
