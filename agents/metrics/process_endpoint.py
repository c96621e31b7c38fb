"""The endpoint of a process that serves: what it counts, and whether it is alive and at work.

Owns the difference between the two. A process is alive while its event loop turns, whatever Kafka
does: whoever restarts it for a Kafka that is away has one more trouble. It is ready when it does
what it is for.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import structlog

from agents.metrics.endpoint import PULSE_S_MAX, Check, PortTaken, endpoint
from agents.metrics.pulse import Pulse
from agents.observation_settings import MetricsSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@contextmanager
def process_endpoint(
    settings: MetricsSettings,
    *,
    registry: "Callable[[], CollectorRegistry]",
    obstacles: Check,
) -> Generator[Pulse]:
    """Serve a process's endpoint for the block, as the settings say; yields the pulse to be taken.

    Two processes on one machine have one default port: the second one says so, and goes on without.

    Args:
        settings: where.
        registry: makes what `/metrics` shows; called in the endpoint's thread.
        obstacles: says why the process does not do its work; asked in the endpoint's threads.

    Raises:
        Misconfigured: the port that was asked for is not free, or not on this machine.
    """
    pulse = Pulse()
    if settings.port == 0:
        yield pulse
        return

    def alive() -> list[str]:
        return pulse.trouble(PULSE_S_MAX)

    def ready() -> list[str]:
        return alive() or [*obstacles()]

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
