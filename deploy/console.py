"""What commands print: answers on standard output, everything else on standard error.

Colours follow the terminal and NO_COLOR (rich knows both). Text from outside is never taken for
markup: it is passed as `rich.text.Text`, or printed with markup off.
"""

import json

import typer
from rich.console import Console
from rich.text import Text


def answers() -> Console:
    """For people who read the answer of a command."""
    return Console(highlight=False)


def diagnostics() -> Console:
    """For errors, progress and hints; never read by machines."""
    return Console(stderr=True, highlight=False)


def say_error(label: str, message: str) -> None:
    """Say what went wrong; not broken into lines where no terminal shows it."""
    console = diagnostics()
    text = Text.assemble((f"{label}: ", "bold red"), message)
    console.print(text, soft_wrap=not console.is_terminal)


def answer_json(answer: object) -> None:
    """The whole answer of a command for a machine: one JSON document on standard output."""
    typer.echo(json_text(answer))


def json_text(answer: object) -> str:
    """The same, to be kept in a file."""
    return json.dumps(answer, ensure_ascii=False, indent=2)
