"""`biolatch schema`: the published contracts, one by one, as a whole, or compared."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from deploy.command_app import command_app
from deploy.console import answer_json, answers
from deploy.exit_codes import ExitCode
from events.errors import Misconfigured
from schemas.asyncapi import asyncapi_text
from schemas.compatibility import Refused
from schemas.export import export, json_schemas, rendered
from schemas.released import RELEASED, SCHEMAS_FOLDER, changes_since, released_versions
from schemas.strict_json import Json

_FOLDER = Path("biolatch-schemas")

app = command_app("Show, export or compare the contracts of all events.")

_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


@app.command("export")
def export_schemas(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where to; made if need be.")
    ] = _FOLDER,
    as_json: _Json = False,
) -> None:
    """Write one JSON Schema file for each event type, and one for the public state."""
    try:
        files = export(folder)
    except OSError as error:
        raise Misconfigured(
            "schema.unwritable", f"{folder} cannot be written: {error.strerror or error}"
        ) from error
    if as_json:
        answer_json([str(file) for file in files])
    else:
        answers().print(Text(f"{len(files)} schemas are in {folder}"), soft_wrap=True)


@app.command("list")
def list_schemas(*, as_json: _Json = False) -> None:
    """List every event type, and what it means."""
    schemas = json_schemas()
    if as_json:
        answer_json({name: _meaning(schema) for name, schema in schemas.items()})
        return
    console = answers()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for name, schema in schemas.items():
        if console.is_terminal:
            table.add_row(name, Text(_meaning(schema)))
        else:
            sys.stdout.write(f"{name}\t{_meaning(schema)}\n")
    if console.is_terminal:
        console.print(table)


@app.command("show", no_args_is_help=True)
def show_schema(
    *,
    event_type: Annotated[
        str,
        typer.Argument(metavar="TYPE", help="An event type, whole or as attempt.finished."),
    ],
) -> None:
    """Show the JSON Schema of an event type."""
    for name in rendered():
        if event_type in (name.removesuffix(".json"), _short(name.removesuffix(".json"))):
            sys.stdout.write(rendered()[name])
            return
    raise typer.BadParameter(
        f"there is no {event_type!r}; `biolatch schema list` shows all of them", param_hint="TYPE"
    )


@app.command("asyncapi")
def show_asyncapi() -> None:
    """Show topics, messages and schemas as one AsyncAPI document, in JSON."""
    sys.stdout.write(asyncapi_text(version=version("biolatch")))


@app.command("check")
def check_schemas(
    *,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="As another version has exported them; without it, those of every release.",
        ),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Compare the contracts of this version with earlier ones: did they change only as they may?

    Exit code 1 says that an event of then is not understood now, or the other way round.
    """
    releases = {name: RELEASED / name / SCHEMAS_FOLDER for name in released_versions()}
    folders = releases if folder is None else {str(folder): folder}
    refused = {name: _changes_since(each) for name, each in folders.items()}
    if as_json:
        answer_json({name: [each._asdict() for each in those] for name, those in refused.items()})
    else:
        for name, those in refused.items():
            for each in those:
                answers().print(Text(str(each)), soft_wrap=True)
            verdict = "not compatible" if those else "compatible"
            answers().print(Text(f"{verdict} with {name}"), soft_wrap=True)
    if any(refused.values()):
        raise typer.Exit(ExitCode.FAILED)


def _changes_since(folder: Path) -> list[Refused]:
    if not any(folder.glob("biolatch.*.json")):
        raise Misconfigured(
            "schema.none-to-compare",
            f"{folder} holds no contracts; `biolatch schema export` of the other version writes "
            "them",
        )
    try:
        return changes_since(folder)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            "schema.unreadable", f"a contract in {folder} cannot be read ({type(error).__name__})"
        ) from error


def _short(name: str) -> str:
    """Without the prefix and the version that all share."""
    return name.removeprefix("biolatch.").rpartition(".")[0]


def _meaning(schema: dict[str, Json]) -> str:
    """The first line of its description."""
    return str(schema.get("description") or "").partition("\n")[0]
