"""The numbers of an agent that decides nothing, as metrics, made when somebody asks.

Owns what such an agent shows. Runs in the endpoint's thread, as `agents.metrics.worker_collector`.
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from agents.lane.status import WorkerStatus
from agents.metrics import of_agents
from agents.metrics.endpoint import Check
from agents.metrics.lane_metrics import Lane, counted, open_ones, standing
from agents.metrics.process_registry import process_registry


class AgentCollector(Collector):
    """The metrics of one agent's process."""

    def __init__(
        self, agent: str, version: str, obstacles: Check, groups: Mapping[str, WorkerStatus]
    ) -> None:
        """Show an agent.

        Args:
            agent: its name.
            version: of what runs.
            obstacles: says why it does not do its work.
            groups: what its lanes do, by the topic that they read; each has a group of its own.
        """
        self._labels = (agent, version)
        self._obstacles = obstacles
        self._groups = groups

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        yield of_agents.AGENT_INFO.of([(self._labels, 1)])
        yield of_agents.READY.is_now(not self._obstacles())
        if not self._groups:
            return
        lanes: list[Lane] = sorted(
            lane for status in self._groups.values() for lane in status.lanes.copy().items()
        )
        yield from counted(lanes, events=of_agents.EVENTS)
        yield from standing(open_ones(lanes))
        groups = [([topic], status) for topic, status in self._groups.items()]
        yield of_agents.ASSIGNED.of((topic, len(status.assigned)) for topic, status in groups)
        yield of_agents.REBALANCES.of((topic, status.rebalances) for topic, status in groups)


def agent_registry(
    agent: str, version: str, obstacles: Check, groups: Mapping[str, WorkerStatus]
) -> CollectorRegistry:
    """All metrics of an agent's process; the arguments are those of `AgentCollector`."""
    return process_registry(AgentCollector(agent, version, obstacles, groups))
