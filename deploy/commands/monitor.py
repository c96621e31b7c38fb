"""`biolatch monitor`: shows how far every group is behind, for Prometheus."""

import typer

from agents.settings import load_settings
from deploy.command_app import command_app
from deploy.monitor.process import monitor

app = command_app("Show for Prometheus how far every group is behind.")


@app.command(name="monitor")
def run() -> None:
    """Show for Prometheus how far every group is behind.

    Looks at the application's groups and topics every BIOLATCH_MONITOR__INTERVAL_S and serves
    metrics at BIOLATCH_METRICS__HOST, port BIOLATCH_MONITOR__PORT. One is enough for an
    application. It joins no group and writes nothing. Ctrl-C or SIGTERM ends it; while Kafka is
    away it waits, and shows nothing rather than what is old.
    """
    raise typer.Exit(monitor(load_settings()))
