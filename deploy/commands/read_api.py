"""`biolatch read-api`: "may this device use biometrics now?" over HTTP."""

import importlib

import typer

from agents.settings import load_settings
from deploy.broker_address import at_the_broker_of_this_folder
from deploy.command_app import command_app
from events.errors import Misconfigured

app = command_app("Answer over HTTP: may this device use biometrics now?")


@app.command()
def read_api() -> None:
    """Answer over HTTP: may this device use biometrics now?

    Needs a file of tokens (BIOLATCH_READ_API__TOKENS_FILE) and listens on this machine only, unless
    BIOLATCH_READ_API__HOST says otherwise. Ctrl-C or SIGTERM ends it in good order. While Kafka is
    away, and until all states are read, it answers 503. Its log goes to standard error.
    """
    settings = at_the_broker_of_this_folder(load_settings())
    try:
        server = importlib.import_module("deploy.read_api.serve")
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "read-api.client-missing",
            f"the read API needs biolatch-client (folder clients/python), and {error.name} is not "
            "installed",
        ) from error
    raise typer.Exit(server.serve(settings))
