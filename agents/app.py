"""The worker: settings, topics and a batch handler put together into a running process.

Owns how the parts are wired. Must never create a topic: whoever sets up a cluster does.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from agents.hosting import group_options, kafka_failures, run_host
from agents.kafka_connection import connected, kafka_options
from agents.lane.faust_host.host import LaneHost
from agents.lane.faust_host.options import HostOptions
from agents.lane.kafka.client import KafkaLogs
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.lanes import Lanes
from agents.lane.limits import LaneLimits
from agents.lane.port import BatchHandler
from agents.lane.rocksdb_store import RocksStores
from agents.lane.status import Clocks, Teller, WorkerStatus
from agents.lane.store import RowStores
from agents.lane.wording import OperatorCommands
from agents.log_output import write_log
from agents.metrics.worker_endpoint import worker_endpoint
from agents.settings import Settings
from agents.supervise import Ending, supervise
from events.errors import Misconfigured

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_COMMANDS: Final = OperatorCommands(skip="biolatch skip", reset="biolatch position reset")
"""Of the devices agent."""

_CLOCKS = Clocks(wall_ms=lambda: time.time_ns() // 1_000_000, steady_s=time.perf_counter)


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

    def __init__(
        self,
        settings: Settings,
        handler: BatchHandler,
        topics: WorkerTopics,
        *,
        commands: OperatorCommands = _COMMANDS,
    ) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            settings: of this process.
            handler: decides.
            topics: what is read and written.
            commands: what a parked lane tells an operator to type; of another agent than the one
                for devices they say which.
        """
        self.status = WorkerStatus(clocks=_CLOCKS)
        self._settings = settings
        self._handler = handler
        self._topics = topics
        self._commands = commands
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
                    group=group_options(self._settings),
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
                commands=self._commands,
            )
            await run_host(host, stop)

    async def _require_topics(self, logs: KafkaLogs) -> None:
        names = (self._topics.input, self._topics.changelog, *self._topics.outputs)
        with kafka_failures():
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
        with kafka_failures():
            timestamps = await logs.topic_setting(self._topics.input, "message.timestamp.type")
        if timestamps != "LogAppendTime":
            _logger.warning(
                "worker.publishers-choose-time",
                topic=self._topics.input,
                setting=f"message.timestamp.type={timestamps}",
                fix="run `biolatch topics apply --fix-config`",
            )


def run_worker(
    settings: Settings,
    handler: BatchHandler,
    topics: WorkerTopics,
    *,
    tell: Teller | None = None,
    on_start: Callable[[WorkerStatus], None] | None = None,
) -> Ending:
    """Run a worker until SIGTERM or SIGINT and return how it ended, to be the exit code.

    Args:
        settings: of this process.
        handler: decides.
        topics: what is read and written.
        tell: where what the handler has to tell of a transaction goes once it is committed.
        on_start: given the worker's status, once, before anything else happens.

    Raises:
        Misconfigured: metrics cannot be shown where the settings say.
    """
    write_log(settings.log)
    worker = Worker(settings, handler, topics)
    worker.status.tell = tell
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
