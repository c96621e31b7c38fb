"""The endpoint of a worker: what it counts, and whether it is alive and at work.

Owns the difference between the two. A worker is alive while its event loop turns, whatever Kafka
does: whoever restarts it for a Kafka that is away has one more trouble. It is ready when it serves
every partition that is its own.
"""

import importlib.metadata
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import structlog

from agents.core import decide
from agents.lane.status import WorkerStatus
from agents.metrics.endpoint import PULSE_S_MAX, PortTaken, endpoint
from agents.metrics.pulse import Pulse
from agents.observation_settings import MetricsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@contextmanager
def worker_endpoint(
    settings: MetricsSettings, status: WorkerStatus, *, policy_version: str, row_format: int
) -> Generator[Pulse]:
    """Serve a worker's endpoint for the block, as the settings say; yields the pulse to be taken.

    Two workers on one machine have one default port: the second one says so, and goes on without.

    Raises:
        Misconfigured: the port that was asked for is not free, or not on this machine.
    """
    pulse = Pulse()
    if settings.port == 0:
        yield pulse
        return
    build = {
        "version": importlib.metadata.version("biolatch"),
        "policy_version": policy_version,
        "row_format": str(row_format),
        "compiled": str(not decide.__file__.endswith(".py")).lower(),
    }

    def registry() -> "CollectorRegistry":
        # In the endpoint's thread: see `agents.metrics.endpoint`.
        from agents.metrics.worker_collector import worker_registry  # noqa: PLC0415

        return worker_registry(status, build)

    def alive() -> list[str]:
        return pulse.trouble(PULSE_S_MAX)

    def ready() -> list[str]:
        return alive() or status.obstacles

    with ExitStack() as serving:
        try:
            serving.enter_context(
                endpoint(
                    settings.host,
                    settings.port,
                    registry=registry,
                    checks={"/livez": alive, "/healthz": alive, "/readyz": ready},
                )
            )
        except PortTaken as taken:
            if "port" in settings.model_fields_set:
                raise
            _logger.warning("worker.without-metrics", reason=str(taken))
        else:
            address = f"http://{settings.host}:{settings.port}/metrics"
            _logger.info("worker.metrics", address=address)
        yield pulse
