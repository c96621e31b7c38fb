"""The one way in which every command module makes its `app`, so that all of them behave alike."""

import typer


def command_app(summary: str) -> typer.Typer:
    """An empty group of commands with plain help; the same summary stands in the command table."""
    return typer.Typer(
        help=summary, no_args_is_help=True, rich_markup_mode=None, add_completion=False
    )
