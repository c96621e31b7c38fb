"""The endpoint of a worker of the devices agent: ready when it serves what is assigned to it."""

import importlib.metadata
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from agents.core import decide
from agents.lane.status import WorkerStatus
from agents.metrics.process_endpoint import process_endpoint
from agents.metrics.pulse import Pulse
from agents.observation_settings import MetricsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


def worker_endpoint(
    settings: MetricsSettings, status: WorkerStatus, *, policy_version: str, row_format: int
) -> AbstractContextManager[Pulse]:
    """Serve a worker's endpoint for the block; see `process_endpoint`.

    Raises:
        Misconfigured: the port that was asked for is not free, or not on this machine.
    """

    def registry() -> "CollectorRegistry":
        # In the endpoint's thread: see `agents.metrics.endpoint`.
        from agents.metrics.worker_collector import worker_registry  # noqa: PLC0415

        build = {
            "version": importlib.metadata.version("biolatch"),
            "policy_version": policy_version,
            "row_format": str(row_format),
            "compiled": str(not decide.__file__.endswith(".py")).lower(),
        }
        return worker_registry(status, build)

    return process_endpoint(settings, registry=registry, obstacles=lambda: status.obstacles)
