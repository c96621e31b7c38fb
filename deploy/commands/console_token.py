"""`biolatch console-token`: who may log in to the web console with a token."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.console import answer_json, answers, diagnostics
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.tokens_file import (
    NAME_PATTERN,
    Digest,
    digest_of,
    new_token,
    read_tokens,
    written_tokens,
)
from events.errors import Misconfigured

app = command_app("Say who may log in to the web console.")

_File = Annotated[
    Path | None,
    typer.Option(
        "--tokens-file",
        dir_okay=False,
        help="The file of tokens. Default: BIOLATCH_CONSOLE__TOKENS_FILE.",
    ),
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose token; stands in the log.")]


@app.command()
def add(
    *,
    name: _Name,
    role: Annotated[
        ConsoleRole,
        typer.Option(help="viewer: ids are masked; operator: ids in clear, and actions."),
    ] = ConsoleRole.VIEWER,
    tokens_file: _File = None,
) -> None:
    """Make a token and print it, once; the file keeps only its digest.

    A console that uses the file takes it at once. A file that is not there is made.
    """
    file = _file(tokens_file)
    if NAME_PATTERN.fullmatch(name) is None:
        raise typer.BadParameter("1 to 64 printable ASCII characters, no blanks", param_hint="NAME")
    tokens = read_tokens(file)[0] if file.exists() else {}
    if any(who.name == name for who in tokens.values()):
        raise Misconfigured(
            "console.token-exists",
            f"{name} has a token in {file}: `biolatch console-token remove {name}` takes it back",
        )
    token = new_token()
    _replace(file, {**tokens, digest_of(token): Identity(name, role)})
    # The token alone is the answer, so that a script can take it.
    diagnostics().print(
        Text(f"{name} logs in as {role.value} with this token. It is not shown again:")
    )
    typer.echo(token)


@app.command("list")
def list_tokens(
    *,
    tokens_file: _File = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Show who has a token, and as what."""
    holders = sorted(read_tokens(_file(tokens_file))[0].values())
    if as_json:
        answer_json([{"name": who.name, "role": who.role.value} for who in holders])
        return
    width = max((len(who.name) for who in holders), default=0)
    for who in holders:
        answers().print(Text(f"{who.name.ljust(width)}  {who.role.value}"), soft_wrap=True)


@app.command()
def remove(*, name: _Name, tokens_file: _File = None) -> None:
    """Take a token back: it counts no more at once, and who is logged in with it is out."""
    file = _file(tokens_file)
    tokens, _ = read_tokens(file)
    left = {digest: who for digest, who in tokens.items() if who.name != name}
    if len(left) == len(tokens):
        raise Misconfigured("console.token-unknown", f"{file} has no token of {name}")
    _replace(file, left)
    answers().print(Text(f"{name} is out."))


def _file(option: Path | None) -> Path:
    file = option or load_settings().console.tokens_file
    if file is None:
        raise typer.BadParameter(
            "give it, or set BIOLATCH_CONSOLE__TOKENS_FILE", param_hint="--tokens-file"
        )
    return file


def _replace(file: Path, tokens: dict[Digest, Identity]) -> None:
    """Put another file in its place as a whole, so that no console reads half of it."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(written_tokens(tokens))
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Misconfigured("console.tokens-unwritable", f"{file}: {error.strerror}") from error
