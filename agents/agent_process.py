"""The process of every agent but the devices agent: its work, supervised, with its endpoint.

Owns that none of them runs without anybody being able to see whether it is alive and at work. What
`agents.app.run_worker` does for the devices agent.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

from agents.lane.status import WorkerStatus
from agents.metrics.agent_endpoint import NO_GROUPS, agent_endpoint, group_obstacles
from agents.metrics.at_work import AtWork
from agents.metrics.endpoint import Check
from agents.observation_settings import MetricsSettings
from agents.supervise import Ending, Main, supervise


def run_groups(
    settings: MetricsSettings, agent: str, main: Main, groups: Mapping[str, WorkerStatus]
) -> Ending:
    """Run an agent that has lanes until SIGTERM or SIGINT and return how it ended.

    Args:
        settings: where it shows its metrics and its health.
        agent: its name.
        main: its work.
        groups: what its lanes do, by the topic that they read.

    Raises:
        Misconfigured: metrics cannot be shown where the settings say.
    """
    return _run(settings, agent, main, partial(group_obstacles, groups), groups)


def run_single(settings: MetricsSettings, agent: str, main: Main, at_work: AtWork) -> Ending:
    """Run an agent that has no lanes until SIGTERM or SIGINT and return how it ended.

    Args:
        settings: where it shows its metrics and its health.
        agent: its name.
        main: its work.
        at_work: whether it does it.

    Raises:
        Misconfigured: metrics cannot be shown where the settings say.
    """
    return _run(settings, agent, main, at_work.obstacles, NO_GROUPS)


def _run(
    settings: MetricsSettings,
    agent: str,
    main: Main,
    obstacles: Check,
    groups: Mapping[str, WorkerStatus],
) -> Ending:
    with agent_endpoint(settings, agent, obstacles=obstacles, groups=groups) as pulse:

        async def run(stop: asyncio.Event) -> None:
            pulse.take()
            await main(stop)

        return supervise(run)
