"""The monitor's process: looks, shows, and goes on whatever the cluster does."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import structlog

from agents.lane.status import Clocks
from agents.log_output import write_log
from agents.metrics.endpoint import PULSE_S_MAX, endpoint
from agents.metrics.pulse import Pulse
from agents.settings import Settings
from agents.supervise import Ending, supervise
from deploy.monitor.collector import MonitorCollector, monitor_registry
from deploy.monitor.groups import Watched
from deploy.monitor.look import Lookout
from deploy.records.connection import Connection, connection_to
from deploy.records.consumer_groups import ConsumerGroups
from deploy.records.reader import TopicReader
from events.errors import Misconfigured, TransientFailure

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CLOCKS: Final = Clocks(wall_ms=lambda: time.time_ns() // 1_000_000, steady_s=time.monotonic)

_OLD_AFTER_LOOKS: Final = 3
"""A number that was not renewed for so many looks is shown no more."""

_HANGING_TIMEOUTS: Final = 2
"""A transaction that is open for so many times its timeout is not going to be ended."""


def monitor(settings: Settings) -> Ending:
    """Look and show until SIGTERM or SIGINT; returns how it ended, to be the exit code.

    Raises:
        Misconfigured: metrics cannot be shown where the settings say.
    """
    write_log(settings.log)
    connection = connection_to(settings.kafka)
    pulse = Pulse()
    collector = MonitorCollector(
        _CLOCKS,
        cluster_name=settings.monitor.cluster_name,
        old_after_s=settings.monitor.interval_s * _OLD_AFTER_LOOKS,
    )

    def registry() -> "CollectorRegistry":
        return monitor_registry(collector)

    def alive() -> list[str]:
        return pulse.trouble(PULSE_S_MAX)

    def ready() -> list[str]:
        seen = collector.current is not None
        return alive() or ([] if seen else ["no look at the cluster has succeeded lately"])

    async def main(stop: asyncio.Event) -> None:
        pulse.take()
        await _look_until(stop, settings, connection, collector)

    host, port = settings.metrics.host, settings.monitor.port
    checks = {"/livez": alive, "/healthz": alive, "/readyz": ready}
    with endpoint(host, port, registry=registry, checks=checks):
        _logger.info("monitor.serving", address=f"http://{host}:{port}/metrics")
        return supervise(main)


async def _look_until(
    stop: asyncio.Event, settings: Settings, connection: Connection, collector: MonitorCollector
) -> None:
    watched = Watched(application=settings.application.name, group=settings.application.group)
    try:
        async with (
            ConsumerGroups(connection) as groups,
            TopicReader(connection) as committed,
            TopicReader(connection, uncommitted=True) as uncommitted,
        ):
            lookout = Lookout(
                watched,
                groups,
                committed,
                uncommitted,
                hanging_ms=int(settings.lane.transaction_timeout_s * _HANGING_TIMEOUTS * 1000),
            )
            while not stop.is_set():
                look = await lookout.look(_CLOCKS.wall_ms())
                collector.saw(look)
                _logger.debug("monitor.looked", groups=sorted(look.groups))
                await _set_within(stop, settings.monitor.interval_s)
    except (TransientFailure, Misconfigured):
        collector.failed()
        raise


async def _set_within(event: asyncio.Event, pause_s: float) -> None:
    try:
        async with asyncio.timeout(pause_s):
            await event.wait()
    except TimeoutError:
        return
