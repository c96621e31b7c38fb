"""The whole benchmark, from an empty broker to the report, and everything gone again afterwards."""

import asyncio
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from agents.settings import PREFIX, Settings
from deploy.bench.baseline.counting import BaselineOrder
from deploy.bench.baselines import Baseline, bare_reader, stock_faust
from deploy.bench.child_process import Child, biolatch, child
from deploy.bench.drain import Drained, drain
from deploy.bench.kafka_client import delete_topics, topic_names
from deploy.bench.latency import Latency, LatencyPlan, measure_latency
from deploy.bench.log_growth import logged_bytes
from deploy.bench.machine import this_machine
from deploy.bench.other_work import OtherWork
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.prefill import Load, input_ends, prefill
from deploy.bench.report import BenchOptions, Report
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.topic_setup import Wishes, apply
from deploy.until_signal import until_signal
from events.errors import Misconfigured
from schemas.topics import Topology, topology

_HALF: Final = 0.5


class Audience(Protocol):
    """Is told how the run goes on."""

    def begins(self, stage: str, total: int | None = None) -> None:
        """Another stage begins; some can say of how many events they are where."""
        ...

    def comes_to(self, done: int) -> None:
        """The stage has done so many of its events."""
        ...


class _Kafka(NamedTuple):
    """Where everything runs.

    Attributes:
        bootstrap_servers: where clients connect.
        broker_pid, records: process and record folder of the broker, where it is our own.
    """

    bootstrap_servers: str
    broker_pid: int | None
    records: Path | None

    @property
    def is_foreign(self) -> bool:
        """Whether it goes on when we are done."""
        return self.records is None


def run_bench(
    options: BenchOptions, settings: Settings, bootstrap_servers: str | None, audience: Audience
) -> Report:
    """Measure everything.

    Args:
        options: what to measure.
        settings: of the worker.
        bootstrap_servers: a Kafka to use, which must have none of our topics; None starts one.
        audience: is told how it goes on.

    Raises:
        asyncio.CancelledError: a signal ended it; everything is cleared up.
        InvariantBroken: an input did not get its one verdict, or a process failed.
        Misconfigured, TransientFailure: Kafka cannot be used, or not now.
    """
    folder = Path(tempfile.mkdtemp(prefix="biolatch-bench-"))
    try:
        # Kafka's folder is prepared in a thread, which has ended only when the loop is closed.
        return asyncio.run(
            until_signal(_measure(options, settings, bootstrap_servers, audience, folder))
        )
    finally:
        shutil.rmtree(folder)


async def _measure(
    options: BenchOptions,
    settings: Settings,
    bootstrap_servers: str | None,
    audience: Audience,
    folder: Path,
) -> Report:
    began_at = time.monotonic()
    machine = this_machine(own_broker=bootstrap_servers is None)
    topics = topology(settings.application.name)
    async with (
        _kafka(bootstrap_servers, folder / "kafka", audience) as kafka,
        _topics(kafka, topics, options.partitions),
        TopicReader(Connection(bootstrap_servers=kafka.bootstrap_servers)) as reader,
    ):
        stage = _Stage(options, settings, topics, kafka, reader, audience, folder, {})
        load = await stage.prefill()
        async with stage.worker() as worker:
            drained, bytes_per_event = await stage.drain(worker, load)
            latency = await stage.latency(worker, load, drained)
        baselines = await stage.baselines()
    return Report(
        options=options,
        machine=machine,
        drained=drained,
        bytes_per_event=bytes_per_event,
        latency=latency,
        baselines=baselines,
        others=stage.others,
        took_s=time.monotonic() - began_at,
    )


@asynccontextmanager
async def _kafka(
    bootstrap_servers: str | None, data: Path, audience: Audience
) -> AsyncGenerator[_Kafka]:
    if bootstrap_servers is not None:
        yield _Kafka(bootstrap_servers, None, None)
        return
    audience.begins("starting Apache Kafka")
    broker = LocalKafka(data)
    await broker.start()
    try:
        pid = broker.process.pid if broker.process else None
        yield _Kafka(broker.bootstrap_servers, pid, broker.folder.records)
    finally:
        await broker.kill()  # its data goes, too, so there is nothing to put in order


@asynccontextmanager
async def _topics(kafka: _Kafka, topics: Topology, partitions: int) -> AsyncGenerator[None]:
    """Make all topics for the block, and on a Kafka that stays delete them afterwards.

    None may be there before: their records would be measured, and deleted.
    """
    servers = kafka.bootstrap_servers
    names = [topic.name for topic in topics.topics]
    if present := sorted(await topic_names(servers) & set(names)):
        raise Misconfigured(
            "bench.topics-in-use",
            f"the Kafka at {servers} has {', '.join(present)} already, and the benchmark "
            "needs topics of its own. Leave out --bootstrap to use a Kafka of its own, too.",
        )
    async with KafkaAdmin(servers) as admin:
        await apply(admin, topics, Wishes(partitions=partitions))
    try:
        yield
    finally:
        if kafka.is_foreign:
            await delete_topics(servers, names)


class _Stage(NamedTuple):
    """What all stages of a run share, and the stages."""

    options: BenchOptions
    settings: Settings
    topics: Topology
    kafka: _Kafka
    reader: TopicReader
    audience: Audience
    folder: Path
    others: dict[str, float]

    async def prefill(self) -> Load:
        """Fill the input."""
        options = self.options
        self.audience.begins("filling the input topic", options.devices + options.events)
        return await prefill(
            self.reader,
            self.topics.device_events.name,
            PhoneHistory(seed=options.seed, devices=options.devices),
            events=options.events,
            on_published=self.audience.comes_to,
        )

    @asynccontextmanager
    async def worker(self) -> AsyncGenerator[Child]:
        """The worker as it is shipped, for the block."""
        environment = {
            f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            f"{PREFIX}LOG__FORMAT": "json",
        }
        program = biolatch("run")
        async with child("worker", program, folder=self.folder, environment=environment) as worker:
            yield worker

    async def drain(self, worker: Child, load: Load) -> tuple[Drained, dict[str, float]]:
        """Drain the input; also what was written for each event, by topic."""
        self.audience.begins("draining with one worker", load.total)
        before, watch = self._logged_bytes(), OtherWork()
        drained = await drain(
            self.reader,
            self.topics,
            load,
            group=self.settings.application.group,
            worker=worker,
            broker_pid=self.kafka.broker_pid,
            on_committed=self.audience.comes_to,
        )
        self.others["drain"] = watch.share()
        after = self._logged_bytes()
        grown = {topic: (size - before.get(topic, 0)) / load.total for topic, size in after.items()}
        return drained, {topic: size for topic, size in sorted(grown.items()) if size > 0}

    async def latency(self, worker: Child, load: Load, drained: Drained) -> Latency | None:
        """Measure latency at half of the drained rate."""
        options = self.options
        if not options.latency_s:
            return None
        plan = LatencyPlan(
            seed=options.seed,
            devices=options.devices,
            skipped=options.events,
            rate=drained.events_per_s * _HALF,
            warm_up_s=options.latency_warm_up_s,
            seconds=options.latency_s,
        )
        watch = OtherWork()
        latency = await measure_latency(
            self.reader,
            self.topics,
            load,
            plan,
            worker=worker,
            folder=self.folder,
            on_stage=lambda doing: self.audience.begins(f"latency: {doing}"),
        )
        self.others["latency"] = watch.share()
        return latency

    async def baselines(self) -> tuple[Baseline, ...]:
        """Let others read the same input."""
        if not self.options.baseline_s:
            return ()
        ends = await input_ends(self.reader, self.topics.device_events.name)
        application = f"biolatch-bench-{uuid.uuid4().hex[:12]}"
        order = BaselineOrder(
            bootstrap_servers=self.kafka.bootstrap_servers,
            topic=self.topics.device_events.name,
            partitions=len(ends),
            records=sum(ends.values()),
            application=application,
        )
        self.audience.begins("baseline: stock Faust")
        watch = OtherWork()
        try:
            faust = await stock_faust(order, seconds=self.options.baseline_s, folder=self.folder)
        finally:
            if self.kafka.is_foreign:
                await self._delete_topics_of(application)
        self.others["stock Faust"] = watch.share()
        self.audience.begins("baseline: bare aiokafka reader")
        watch = OtherWork()
        bare = await bare_reader(order, folder=self.folder)
        self.others["bare reader"] = watch.share()
        return faust, bare

    async def _delete_topics_of(self, application: str) -> None:
        """Delete what Faust has created for an application."""
        servers = self.kafka.bootstrap_servers
        created = [name for name in await topic_names(servers) if name.startswith(application)]
        if created:
            await delete_topics(servers, created)

    def _logged_bytes(self) -> dict[str, int]:
        return {} if self.kafka.records is None else dict(logged_bytes(self.kafka.records))
