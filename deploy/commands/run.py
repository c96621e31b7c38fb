"""`biolatch run`: a worker, until it is told to stop."""

import typer

from agents.app import WorkerTopics, run_worker
from agents.devices import DevicesAgent
from agents.settings import Settings, load_settings
from deploy.broker_address import broker_address
from deploy.command_app import command_app
from schemas.topics import topology

app = command_app("Run a worker: decide device events, exactly once.")


@app.command()
def run() -> None:
    """Run a worker: decide device events, exactly once.

    Start as many as you like, up to one for each partition: they share the partitions, and take
    over from one that ends. Ctrl-C or SIGTERM ends it in good order. While Kafka is away it waits.
    Settings are variables, BIOLATCH_<GROUP>__<NAME>, and so are the numbers of the rules:
    BIOLATCH_POLICY__<NAME>. Its log goes to standard error, as JSON where no terminal shows it.
    """
    settings = _at_the_broker_of_this_folder(load_settings())
    topics = topology(settings.application.name)
    ending = run_worker(
        settings,
        DevicesAgent(settings.policy),
        WorkerTopics(
            input=topics.device_events.name,
            changelog=topics.devices_changelog.name,
            outputs=tuple(
                topic.name for topic in topics.outputs if topic is not topics.devices_changelog
            ),
        ),
    )
    raise typer.Exit(ending)


def _at_the_broker_of_this_folder(settings: Settings) -> Settings:
    address = broker_address(settings.kafka).bootstrap_servers
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": address})
    return settings.model_copy(update={"kafka": kafka})
