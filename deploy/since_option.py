"""The option --since of commands that read topics."""

import time
from typing import Annotated, TypeAlias

import typer

from deploy.inspection.instants import instant_ms

Since: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Begin then: 90s, 10m, 2h or 3d ago, a day, or an RFC 3339 time.",
    ),
]


def since_ms(since: Since) -> int | None:
    """The instant that was typed; None where nothing was.

    Raises:
        typer.BadParameter: it is no time.
    """
    if since is None:
        return None
    try:
        return max(0, instant_ms(since, now_ms=int(time.time() * 1000)))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
