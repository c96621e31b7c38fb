"""The commands of `biolatch`, one module each, and the table by which they are found.

To add a command, write `deploy/commands/NAME.py` with a `typer.Typer` called `app` and add its line
here. Its module is imported only when the command runs, so it may import what it likes at its top.
A module reads its own command line and prints; what it does lies elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CommandModule:
    """Where a command lies.

    Attributes:
        module: the module whose `app` it is.
        summary: its line in `biolatch --help`; the first sentence of the command's own help.
    """

    module: str
    summary: str


COMMANDS: Final[Mapping[str, CommandModule]] = {
    "demo": CommandModule(
        "deploy.commands.demo", "Show every feature live, on an Apache Kafka of its own."
    ),
    "kafka": CommandModule("deploy.commands.kafka", "Run an Apache Kafka on this machine."),
    "topics": CommandModule("deploy.commands.topics", "Set up and check the topics of biolatch."),
    "run": CommandModule(
        "deploy.commands.run", "Run a worker: decide device events, exactly once."
    ),
    "publish": CommandModule("deploy.commands.publish", "Publish events, one line of JSON each."),
    "keys": CommandModule("deploy.commands.keys", "Make, list and check publishers' keys."),
    "erasure-key": CommandModule(
        "deploy.commands.erasure_key", "Make, rotate and check the keys of erasure marks."
    ),
    "signal-keys": CommandModule(
        "deploy.commands.signal_keys", "Make, rotate and check the keys that sign shared signals."
    ),
    "tail": CommandModule("deploy.commands.tail", "Show the records of a topic."),
    "state": CommandModule("deploy.commands.state", "Say whether a device may use biometrics now."),
    "read-api": CommandModule(
        "deploy.commands.read_api", "Answer over HTTP: may this device use biometrics now?"
    ),
    "explain": CommandModule(
        "deploy.commands.explain", "Show what happened to a device, and why it is as it is."
    ),
    "erasure-report": CommandModule(
        "deploy.commands.erasure_report",
        "Prove that an erased device or user has left, or say what is left.",
    ),
    "lag": CommandModule("deploy.commands.lag", "Show how far the workers are behind."),
    "console": CommandModule("deploy.commands.console", "Look at biolatch in a browser."),
    "console-token": CommandModule(
        "deploy.commands.console_token", "Say who may log in to the web console."
    ),
    "monitor": CommandModule(
        "deploy.commands.monitor", "Show for Prometheus how far every group is behind."
    ),
    "dead-letters": CommandModule(
        "deploy.commands.dead_letters",
        "Look at input that could not be decoded, and publish it again.",
    ),
    "notifications": CommandModule(
        "deploy.commands.notifications",
        "Look at notifications that were not delivered, and send them again.",
    ),
    "skip": CommandModule(
        "deploy.commands.skip", "Let a parked partition go on without the record that stopped it."
    ),
    "position": CommandModule(
        "deploy.commands.position", "Decide where a partition that is not served goes on."
    ),
    "doctor": CommandModule(
        "deploy.commands.doctor", "Look at everything, and say what to mend and how."
    ),
    "feed-key": CommandModule(
        "deploy.commands.feed_key", "Make, rotate and use the keys that mask the security feed."
    ),
    "analyse": CommandModule(
        "deploy.commands.analyse", "Answer a ready question about the security feed."
    ),
    "schema": CommandModule(
        "deploy.commands.schema", "Show, export or compare the contracts of all events."
    ),
    "bench": CommandModule(
        "deploy.commands.bench", "Measure speed, latency and cost on this machine."
    ),
    "bench-chart": CommandModule(
        "deploy.commands.bench_chart", "Draw a saved benchmark as a picture."
    ),
    "bench-failover": CommandModule(
        "deploy.commands.bench_failover", "Measure recovery and failover on this machine."
    ),
}
"""Every command, in the order in which `biolatch --help` shows them."""
