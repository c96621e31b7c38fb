"""The command line `biolatch`: finds a command, runs it, and turns every error into an exit code.

Owns the frame only; a command is a module of `deploy.commands`. Must never show a traceback unless
asked: an error of ours says what is wrong and how to mend it, and `_exit_code` is the one place
that maps the kinds of error. What machines read goes to standard output, all else to the other.
"""

import importlib
import importlib.metadata
import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from deploy.commands import COMMANDS
from deploy.exit_codes import ExitCode
from events.errors import BiolatchError, InvariantBroken, Misconfigured, TransientFailure


class LazyCommands(TyperGroup):
    """The commands of the table: shown from the table alone, imported when one is called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 (typer's own attributes)
        super().__init__(**attributes)
        for name, entry in COMMANDS.items():
            self.add_command(TyperCommand(name, help=entry.summary))

    def resolve_command(  # type: ignore[override]  # typer's base names a private class here
        self, ctx: typer.Context, args: list[str]
    ) -> tuple[str | None, TyperCommand | TyperGroup | None, list[str]]:
        """The called command itself, in place of its line in the table."""
        name, _line, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        app = importlib.import_module(COMMANDS[name].module).app
        return name, cast("TyperCommand | TyperGroup", get_command(app)), rest


# Plain help: typer's boxes would take 0.25 s more, and read worse in a pipe.
app = typer.Typer(
    cls=LazyCommands,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"biolatch {importlib.metadata.version('biolatch')}")
        raise typer.Exit


@app.callback()
def biolatch(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more on standard error.")
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """The server-side truth about "log in with face or fingerprint", on Apache Kafka."""
    # Costs 0.2 s, which `biolatch --help` need not pay.
    from deploy.command_log import write_log_to_standard_error  # noqa: PLC0415 (see above)

    write_log_to_standard_error(verbose=verbose)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what went wrong is said on standard error."""
    try:
        get_command(app).main(args=list(arguments), prog_name="biolatch")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else ExitCode.OK
    except BiolatchError as error:
        _say(f"error[{error.code}]", str(error))
        return _exit_code(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: people get words, not a traceback)
        _log_traceback()
        _say(
            f"defect[{type(error).__name__}]",
            # Not its text, which may hold what it stumbled over.
            "This is a fault of biolatch. `biolatch --verbose ...` shows where it happened; please "
            "report it with that.",
        )
        return ExitCode.DEFECT
    return ExitCode.OK


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def _exit_code(error: BiolatchError) -> ExitCode:
    match error:
        case TransientFailure():
            return ExitCode.UNAVAILABLE
        case Misconfigured():
            return ExitCode.MISCONFIGURED
        case InvariantBroken():
            return ExitCode.DEFECT
        case _:  # malformed input
            return ExitCode.FAILED


def _say(label: str, message: str) -> None:
    # rich takes 0.1 s to import, and most command lines end well.
    from deploy.console import say_error  # noqa: PLC0415 (see above)

    say_error(label, message)


def _log_traceback() -> None:
    import structlog  # noqa: PLC0415 (as above)

    structlog.get_logger().info("command.failed", exc_info=True)
