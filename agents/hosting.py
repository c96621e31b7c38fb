"""Running a host of Faust: from its start to a stop, or to whatever else ends it.

Owns what each way to end means for the process. Shared by all workers, whatever they do.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Never

import structlog

from agents.lane.faust_host.host import LaneHost
from agents.lane.kafka.client import NotAllowed, is_unreachable
from agents.lane.kafka.group import GroupOptions, GroupRefused
from agents.lane.log import LogFailure
from agents.settings import Settings
from events.errors import InvariantBroken, Misconfigured, TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_STOP_S_MAX = 15.0
"""What an orderly end may take in all; then the process ends anyway, and fences do the rest."""


def group_options(settings: Settings) -> GroupOptions:
    """How a worker takes part in its group, and fetches."""
    return GroupOptions(
        session_timeout_s=settings.membership.session_timeout_s,
        heartbeat_interval_s=settings.membership.heartbeat_interval_s,
        rebalance_timeout_s=settings.membership.rebalance_timeout_s,
        metadata_age_s_max=settings.membership.metadata_age_s_max,
        poll_interval_s_max=settings.membership.poll_interval_s_max,
        fetch_wait_s_max=settings.lane.fetch_wait_s_max,
        fetch_bytes_max=settings.lane.fetch_bytes_max,
        batch_records_max=settings.lane.batch_records_max,
    )


@contextmanager
def kafka_failures() -> Generator[None]:
    """Raise what the log raises as what it means before a worker begins.

    Raises:
        Misconfigured: this process may not do that.
        TransientFailure: Kafka did not do it now.
    """
    try:
        yield
    except NotAllowed as refused:
        raise Misconfigured("kafka.not-allowed", str(refused)) from refused
    except LogFailure as failure:
        raise TransientFailure("kafka.not-now", str(failure)) from failure


async def run_host(host: LaneHost, stop: asyncio.Event) -> None:
    """Start Faust and wait for the stop, or for Faust to end by itself.

    Raises:
        TransientFailure: no broker answers.
        Misconfigured: the group will not have this worker.
        InvariantBroken: Faust has ended by itself.
    """
    starting = asyncio.ensure_future(host.start())
    stopping = asyncio.ensure_future(stop.wait())
    ended = asyncio.ensure_future(host.wait_until_stopped())
    ends: set[asyncio.Future[Any]] = {stopping, ended, host.membership_ended}
    try:
        # The start lasts until the group has assigned partitions; it returns when Faust serves.
        await asyncio.wait({starting, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done() and not stopping.done() and not host.membership_ended.done():
            _raise_failed_start(starting)
            _logger.info("worker.joined")
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if host.membership_ended.done() and not stopping.done():
            _raise_ended_membership(host.membership_ended.result())
        if ended.done() and not stopping.done():
            raise InvariantBroken("worker.faust-ended", "Faust has ended by itself") from (
                host.crash_reason
            )
    finally:
        for task in ends:
            task.cancel()
        await _stop_host(host, starting)


def _raise_ended_membership(error: Exception) -> Never:
    if isinstance(error, GroupRefused):
        raise Misconfigured(error.code, str(error)) from error
    if is_unreachable(error):
        raise TransientFailure("kafka.unreachable", f"cannot join the group: {error}") from error
    raise InvariantBroken("membership.failed", "the consumer has ended by itself") from error


def _raise_failed_start(starting: "asyncio.Future[None]") -> None:
    error = starting.exception()
    if is_unreachable(error):
        raise TransientFailure("kafka.unreachable", f"Faust did not start: {error}") from error
    starting.result()


async def _stop_host(host: LaneHost, starting: "asyncio.Future[None]") -> None:
    """Stop Faust, which must not be in the middle of starting a service: that one would run on."""
    started = asyncio.ensure_future(host.all_started.wait())
    either: set[asyncio.Future[Any]] = {starting, started}
    try:
        async with asyncio.timeout(_STOP_S_MAX):
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            await host.stop()
            await asyncio.wait({starting})
    except TimeoutError:
        _logger.warning("worker.stop-took-too-long", after_s=_STOP_S_MAX)
    started.cancel()
    starting.cancel()
