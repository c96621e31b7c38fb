"""The stages of a benchmark, each on what the one before it has left."""

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from agents.settings import PREFIX, Settings
from deploy.bench.baseline.counting import BaselineOrder
from deploy.bench.baselines import Baseline, bare_reader, stock_faust
from deploy.bench.bench_kafka import BenchKafka
from deploy.bench.child_process import Child, biolatch, child
from deploy.bench.drain import Drained, drain
from deploy.bench.kafka_client import delete_topics, topic_names
from deploy.bench.latency import Latency, LatencyPlan, measure_latency
from deploy.bench.log_growth import logged_bytes
from deploy.bench.other_work import OtherWork
from deploy.bench.phone_history import PhoneHistory
from deploy.bench.prefill import Load, Sign, input_ends, prefill, unsigned
from deploy.bench.report import BenchOptions
from deploy.records.reader import TopicReader
from schemas.topics import Topology

_HALF: Final = 0.5


class Audience(Protocol):
    """Is told how the run goes on."""

    def begins(self, stage: str, total: int | None = None) -> None:
        """Another stage begins; some can say of how many events they are where."""
        ...

    def comes_to(self, done: int) -> None:
        """The stage has done so many of its events."""
        ...


def count_of(workers: Sequence[object]) -> str:
    """In words."""
    return "one worker" if len(workers) == 1 else f"{len(workers)} workers"


class Stage(NamedTuple):
    """What all stages of a run share, and the stages."""

    options: BenchOptions
    settings: Settings
    topics: Topology
    kafka: BenchKafka
    reader: TopicReader
    audience: Audience
    folder: Path
    others: dict[str, float]

    async def prefill(self, sign: Sign = unsigned) -> Load:
        """Fill the input."""
        options = self.options
        self.audience.begins("filling the input topic", options.devices + options.events)
        return await prefill(
            self.reader,
            self.topics.device_events.name,
            PhoneHistory(seed=options.seed, devices=options.devices),
            events=options.events,
            sign=sign,
            on_published=self.audience.comes_to,
        )

    @asynccontextmanager
    async def workers(
        self, count: int = 1, *, environment: Mapping[str, str] = MappingProxyType({})
    ) -> AsyncGenerator[Sequence[Child]]:
        """So many workers as they are shipped, for the block.

        Args:
            count: how many.
            environment: their variables, besides those that say where Kafka is.
        """
        environment = {
            **environment,
            f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            f"{PREFIX}LOG__FORMAT": "json",
            # Days of a phone pass within seconds: the flood guard would refuse what is no flood.
            f"{PREFIX}POLICY__VERSION": "bench",
            f"{PREFIX}POLICY__ATTEMPTS_PER_MINUTE_MAX": "1000",
        }
        async with AsyncExitStack() as running:
            yield [
                await running.enter_async_context(
                    child(name, biolatch("run"), folder=self.folder, environment=environment)
                )
                for name in [f"worker-{number}" for number in range(1, count + 1)]
            ]

    async def drain(self, workers: Sequence[Child], load: Load) -> tuple[Drained, dict[str, float]]:
        """Drain the input; also what was written for each event, by topic."""
        self.audience.begins(f"draining with {count_of(workers)}", load.total)
        before, watch = self._logged_bytes(), OtherWork()
        drained = await drain(
            self.reader,
            self.topics,
            load,
            group=self.settings.application.group,
            workers=workers,
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
