"""The endpoint of every agent but the devices agent, which has more to show."""

import importlib.metadata
from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from agents.lane.status import WorkerStatus
from agents.metrics.endpoint import Check
from agents.metrics.process_endpoint import process_endpoint
from agents.metrics.pulse import Pulse
from agents.observation_settings import MetricsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

NO_GROUPS: Final[Mapping[str, WorkerStatus]] = MappingProxyType({})
"""Of an agent that has no lanes."""


def group_obstacles(groups: Mapping[str, WorkerStatus]) -> list[str]:
    """Why not all of these groups do their work, each reason with its topic; nothing if all do."""
    return [
        reason if reason.startswith(topic) else f"{topic}: {reason}"
        for topic, status in groups.items()
        for reason in status.obstacles
    ]


def agent_endpoint(
    settings: MetricsSettings,
    agent: str,
    *,
    obstacles: Check,
    groups: Mapping[str, WorkerStatus] = NO_GROUPS,
) -> AbstractContextManager[Pulse]:
    """Serve an agent's endpoint for the block; see `process_endpoint`.

    Args:
        settings: where.
        agent: its name.
        obstacles: says why it does not do its work.
        groups: what its lanes do, by the topic that they read.

    Raises:
        Misconfigured: the port that was asked for is not free, or not on this machine.
    """

    def registry() -> "CollectorRegistry":
        # In the endpoint's thread: see `agents.metrics.endpoint`.
        from agents.metrics.agent_collector import agent_registry  # noqa: PLC0415

        return agent_registry(agent, importlib.metadata.version("biolatch"), obstacles, groups)

    return process_endpoint(settings, registry=registry, obstacles=obstacles)
