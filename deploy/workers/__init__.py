"""What `biolatch run --agents NAME` starts, one module for each agent, and the table of them.

To add an agent, write `deploy/workers/NAME.py` with a function `work(*, compiled)` that serves
until SIGTERM and returns the process's exit code, and add its name and line here. Its module is
imported only when it runs. Each agent is a process of its own, with a consumer group of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class AgentName(StrEnum):
    """An agent, as the command line calls it."""

    DEVICES = "devices"
    NOTIFIER = "notifier"
    SIGNALS = "signals"
    ANALYTICS = "analytics"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class AgentModule:
    """Where an agent lies.

    Attributes:
        module: the module whose `work` it is.
        summary: what it does, in a line.
    """

    module: str
    summary: str


AGENTS: Final[Mapping[AgentName, AgentModule]] = {
    AgentName.DEVICES: AgentModule("deploy.workers.devices", "decides device events, exactly once"),
    AgentName.NOTIFIER: AgentModule(
        "deploy.workers.notifier", "tells people of decisions, by webhook"
    ),
    AgentName.SIGNALS: AgentModule(
        "deploy.workers.signals", "tells other systems, by OpenID Shared Signals"
    ),
    AgentName.ANALYTICS: AgentModule(
        "deploy.workers.analytics", "writes the masked security feed, exactly once"
    ),
    AgentName.PARQUET: AgentModule(
        "deploy.workers.parquet", "keeps that feed as Parquet files by day"
    ),
}
"""Every agent, in the order in which the help shows them."""
