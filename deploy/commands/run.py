"""`biolatch run`: a worker, until it is told to stop."""

import typer

from deploy.command_app import command_app
from deploy.compiled.use import use_compiled

app = command_app("Run a worker: decide device events, exactly once.")


@app.command()
def run() -> None:
    """Run a worker: decide device events, exactly once.

    Start as many as you like, up to one for each partition: they share the partitions, and take
    over from one that ends. Ctrl-C or SIGTERM ends it in good order. While Kafka is away it waits.
    Settings are variables, BIOLATCH_<GROUP>__<NAME>, and so are the numbers of the rules:
    BIOLATCH_POLICY__<NAME>. Its log goes to standard error, as JSON where no terminal shows it.
    """
    compiled = use_compiled()
    from deploy.worker import work  # noqa: PLC0415 - brings the modules that may be compiled

    raise typer.Exit(work(compiled=compiled))
