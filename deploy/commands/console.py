"""`biolatch console`: biolatch in a browser."""

import asyncio
import logging

import typer
from rich.text import Text

from agents.log_output import write_log
from agents.settings import Settings, load_settings
from deploy.command_app import command_app
from deploy.console import diagnostics
from deploy.records.connection import connection_to
from deploy.until_signal import until_signal
from deploy.web_console.serving import RunningConsole, running_console

app = command_app("Look at biolatch in a browser.")


@app.command()
def console() -> None:
    """Look at biolatch in a browser.

    Rates, lag and decisions over time, a live feed, every device with its whole history and the
    rules behind it, dead letters, topics and workers. On this machine only, unless set otherwise:
    BIOLATCH_CONSOLE__HOST, and then who may log in (`biolatch console-token`, or a proxy). Runs
    until Ctrl-C or SIGTERM. What people do there is in its log, on standard error.
    """
    settings = load_settings()
    write_log(settings.log)
    # Its own lines say nothing that ours do not.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        asyncio.run(until_signal(_serve(settings)))
    except asyncio.CancelledError:
        raise typer.Exit from None


async def _serve(settings: Settings) -> None:
    async with running_console(
        settings.console, connection_to(settings.kafka), settings.application
    ) as running:
        _say_where(running)
        # Not awaited itself: a signal ends this wait, and then the server in good order.
        await asyncio.wait({running.serving})


def _say_where(running: RunningConsole) -> None:
    say = diagnostics().print
    say(Text.assemble("The console is at ", (running.url, "bold")), soft_wrap=True)
    if running.made_up_token is not None:
        # Printed, never logged: it is the way in for whoever sees this terminal.
        token = Text.assemble("Log in with the token ", (running.made_up_token, "bold"))
        say(token, soft_wrap=True)
        say("It lets an operator in until this process ends.")
