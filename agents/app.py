"""The worker: settings, topics and a batch handler put together into a running process.

Owns how the parts are wired. Must never create a topic: whoever sets up a cluster does.
"""

import asyncio
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Never

import structlog

from agents.kafka_connection import connected, kafka_options
from agents.lane.faust_host.host import LaneHost
from agents.lane.faust_host.options import HostOptions
from agents.lane.kafka.client import KafkaLogs, NotAllowed, is_unreachable
from agents.lane.kafka.group import GroupOptions, GroupRefused
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.lanes import Lanes
from agents.lane.limits import LaneLimits
from agents.lane.log import LogFailure
from agents.lane.port import BatchHandler
from agents.lane.rocksdb_store import RocksStores
from agents.lane.status import Clocks, WorkerStatus
from agents.lane.store import RowStores
from agents.log_output import write_log
from agents.metrics.worker_endpoint import worker_endpoint
from agents.settings import Settings
from agents.supervise import Ending, supervise
from events.errors import InvariantBroken, Misconfigured, TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_CLOCKS = Clocks(wall_ms=lambda: time.time_ns() // 1_000_000, steady_s=time.perf_counter)

_STOP_S_MAX = 15.0
"""What an orderly end may take in all; then the process ends anyway, and fences do the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTopics:
    """The topics of a worker; all of them have as many partitions as the input.

    Attributes:
        input: what is read.
        changelog: rows and positions.
        outputs: what the handler writes to.
    """

    input: str
    changelog: str
    outputs: tuple[str, ...]


class Worker:
    """One worker process's work.

    Attributes:
        status: what its lanes do; to be read at any time, from the same event loop.
        kafka: how it reaches Kafka.
    """

    def __init__(self, settings: Settings, handler: BatchHandler, topics: WorkerTopics) -> None:
        """Prepare; nothing is connected before `run`."""
        self.status = WorkerStatus(clocks=_CLOCKS)
        self._settings = settings
        self._handler = handler
        self._topics = topics
        self.kafka = kafka_options(settings, topics.changelog)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then close every lane and leave the group.

        Raises:
            TransientFailure: no broker answers.
            Misconfigured: a topic is missing, partition counts differ, or the group will not have
                this worker (a setting, a missing right, another process with its id).
            InvariantBroken: Faust has ended by itself.
        """
        async with connected(self.kafka) as logs:
            await self._require_topics(logs)
            host = LaneHost(
                HostOptions(
                    application=self._settings.application.name,
                    input_topic=self._topics.input,
                    kafka=self.kafka,
                    group=_group_options(self._settings),
                    instance_id=self._settings.membership.instance_id,
                )
            )
            stores = _row_stores(self._settings)
            host.lanes = Lanes(
                log_of=lambda partition: KafkaLaneLog(logs, partition, stores),
                feed=host.feed,
                handler=self._handler,
                limits=_lane_limits(self._settings),
                status=self.status,
                jitter=random.Random(),  # noqa: S311 - spreads pauses, protects nothing
            )
            await _run_host(host, stop)

    async def _require_topics(self, logs: KafkaLogs) -> None:
        names = (self._topics.input, self._topics.changelog, *self._topics.outputs)
        with _kafka_failures():
            counts = await logs.partition_counts(names)
        missing = [name for name in names if name not in counts]
        if missing:
            raise Misconfigured(
                "topics.missing",
                f"these topics do not exist, or this user may not see them: {', '.join(missing)}. "
                "Run `biolatch topics apply`, on a cluster with ACLs with `--acls`.",
            )
        wanted = counts[self._topics.input]
        different = [f"{name} has {counts[name]}" for name in names if counts[name] != wanted]
        if different:
            raise Misconfigured(
                "topics.unequal-partitions",
                f"{self._topics.input} has {wanted} partitions, but {', '.join(different)}. "
                "A key must have one partition number everywhere: make the topics anew with equal "
                "counts, or run `biolatch topics repartition`.",
            )
        with _kafka_failures():
            timestamps = await logs.topic_setting(self._topics.input, "message.timestamp.type")
        if timestamps != "LogAppendTime":
            _logger.warning(
                "worker.publishers-choose-time",
                topic=self._topics.input,
                setting=f"message.timestamp.type={timestamps}",
                fix="run `biolatch topics apply --fix-config`",
            )


@contextmanager
def _kafka_failures() -> Generator[None]:
    try:
        yield
    except NotAllowed as refused:
        raise Misconfigured("kafka.not-allowed", str(refused)) from refused
    except LogFailure as failure:
        raise TransientFailure("kafka.not-now", str(failure)) from failure


async def _run_host(host: LaneHost, stop: asyncio.Event) -> None:
    """Start Faust and wait for the stop, or for Faust to end by itself."""
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


def run_worker(
    settings: Settings,
    handler: BatchHandler,
    topics: WorkerTopics,
    *,
    on_start: Callable[[WorkerStatus], None] | None = None,
) -> Ending:
    """Run a worker until SIGTERM or SIGINT and return how it ended, to be the exit code.

    `on_start` is given the worker's status, once, before anything else happens.

    Raises:
        Misconfigured: metrics cannot be shown where the settings say.
    """
    write_log(settings.log)
    worker = Worker(settings, handler, topics)
    if on_start is not None:
        on_start(worker.status)
    with worker_endpoint(
        settings.metrics,
        worker.status,
        policy_version=settings.policy.version,
        row_format=handler.row_format,
    ) as pulse:

        async def run(stop: asyncio.Event) -> None:
            pulse.take()
            await worker.run(stop)

        return supervise(run)


def _row_stores(settings: Settings) -> RowStores | None:
    store = settings.store
    if store.folder is None:
        return None
    return RocksStores(
        store.folder,
        cached_rows_max=store.cached_rows_max,
        sweep_interval_s=store.sweep_interval_s,
    )


def _group_options(settings: Settings) -> GroupOptions:
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


def _lane_limits(settings: Settings) -> LaneLimits:
    lane = settings.lane
    return LaneLimits(
        open_s_max=lane.open_s_max,
        batch_s_max=lane.batch_s_max,
        close_s_max=lane.close_s_max,
        backoff_s_min=lane.backoff_s_min,
        backoff_s_max=lane.backoff_s_max,
        parked_check_s=lane.parked_check_s,
        waiting_records_max=lane.batch_records_max,
        transaction_interval_s_min=lane.transaction_interval_s_min,
    )
