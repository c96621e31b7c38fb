"""`biolatch run`: a worker, until it is told to stop."""

import importlib
from typing import Annotated

import typer

from deploy.command_app import command_app
from deploy.compiled.use import use_compiled
from deploy.workers import AGENTS, AgentName

app = command_app("Run a worker: decide device events, exactly once.")


@app.command()
def run(
    *,
    agents: Annotated[
        AgentName,
        typer.Option(
            help="What the worker does: "
            + "; ".join(f"{name} {agent.summary}" for name, agent in AGENTS.items())
            + ".",
        ),
    ] = AgentName.DEVICES,
) -> None:
    """Run a worker: decide device events, exactly once.

    Start as many as you like, up to one for each partition: they share the partitions, and take
    over from one that ends. Ctrl-C or SIGTERM ends it in good order. While Kafka is away it waits.
    Settings are variables, BIOLATCH_<GROUP>__<NAME>, and so are the numbers of the rules:
    BIOLATCH_POLICY__<NAME>. Its log goes to standard error, as JSON where no terminal shows it.
    """
    compiled = use_compiled()
    # Only now: it brings the modules that may be compiled.
    worker = importlib.import_module(AGENTS[agents].module)
    raise typer.Exit(worker.work(compiled=compiled))
