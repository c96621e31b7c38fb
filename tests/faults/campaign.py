"""A fault campaign: a Kafka of its own, three workers under load, whatever hurts them, a judgement.

    async with campaign("kills") as running:
        ...  # hurt running.workers or running.kafka, and count it in running.faults

At the end of the block publishers stop, workers catch up and are told to end, and the independent
auditor reads everything they left. The seed decides what happens in which order; how processes
meet in time it cannot decide, so a seed repeats the plan of a run and not its every step.
"""

import asyncio
import random
import shutil
import signal
import time
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import BrokerOptions, LocalKafka
from deploy.kafka.local_cluster import LocalCluster
from schemas.topics import DEVICE_EVENTS, topology
from tests.faults.campaign_figures import Figures
from tests.faults.campaign_judgement import Evidence, Judgement, judge
from tests.faults.campaign_size import SETTINGS
from tests.faults.devices_worker import DevicesWorker
from tests.faults.group_watch import GroupWatch
from tests.faults.load import PUBLISHERS, Load

PARTITIONS = 6
WORKERS = 3
CATCH_UP_S_MAX = 120.0


AnyKafka = LocalKafka | LocalCluster


class Campaign:
    """What a scenario may hurt, and what it counts.

    Attributes:
        name: the scenario.
        chance: decides what happens next; from the seed.
        kafka: the broker, or the brokers.
        servers: where clients reach it directly.
        way: where workers and publishers reach it.
        folder: logs, and the broker's data.
        workers: the processes.
        faults: how often each fault came.
        pauses_s: the longest pause of a partition, by what caused it; where a scenario measures.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        kafka: AnyKafka,
        way: str,
        equip: Callable[[DevicesWorker], None],
    ) -> None:
        self.name = name
        self._equip = equip
        self.chance = random.Random(f"{SETTINGS.seed} {name}")
        self.kafka = kafka
        self.servers = kafka.bootstrap_servers
        self.way = way
        self.folder = folder
        self._workers_made = 0
        self.workers = [self.new_worker(f"worker-{number}") for number in range(WORKERS)]
        self.faults: Counter[str] = Counter()
        self.pauses_s: dict[str, float] = {}
        seed = SETTINGS.seed + zlib.crc32(name.encode())
        self.load = Load([way] * PUBLISHERS, seed, partitions=PARTITIONS)
        self.watch = GroupWatch(self.servers, PARTITIONS)

    def new_worker(self, name: str) -> DevicesWorker:
        """A worker that is not started yet; every other one keeps its rows on disk, too."""
        worker = DevicesWorker(name, self.way, self.folder)
        self._workers_made += 1
        if self._workers_made % 2:
            worker.environment["BIOLATCH_STORE__FOLDER"] = str(self.folder / f"{name}-store")
            worker.environment["BIOLATCH_STORE__CACHED_ROWS_MAX"] = "20"
        self._equip(worker)
        return worker

    async def calm(self, least_s: float, most_s: float) -> None:
        """Let the load go on for a while: the next fault comes when it comes."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def caught_up(self) -> None:
        """Wait until every event that was published is decided, or fail."""
        async with asyncio.timeout(CATCH_UP_S_MAX):
            while not await self._is_caught_up():  # noqa: ASYNC110 - Kafka tells when asked
                await asyncio.sleep(0.2)

    async def _is_caught_up(self) -> bool:
        return await self.watch.committed() == await self.watch.input_ends()


@asynccontextmanager
async def campaign(
    name: str,
    *,
    kafka: Callable[[Path], AnyKafka] | None = None,
    way: str | None = None,
    replication: int = 1,
    equip: Callable[[DevicesWorker], None] = lambda _worker: None,
    judged_by: Callable[[Evidence], Judgement] = judge,
) -> AsyncGenerator[Campaign]:
    """Run a scenario under load and judge it; its folder stays if it fails.

    Args:
        name: of the scenario.
        kafka: makes the broker for a data folder; by default an ordinary one.
        way: where workers and publishers reach it; by default directly.
        replication: of every topic.
        equip: gives each worker what it needs beyond the usual.
        judged_by: says what is wrong with what was left.
    """
    SETTINGS.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f"{name}-{SETTINGS.seed}-", dir=SETTINGS.folder.absolute()))
    print(f"FAULTS_SEED={SETTINGS.seed}, logs in {folder}")  # noqa: T201 - shown when it fails
    started_s = time.monotonic()
    async with (kafka or campaign_kafka)(folder / "kafka") as broker:
        await _make_topics(broker.bootstrap_servers, replication)
        running = Campaign(name, folder, broker, way or broker.bootstrap_servers, equip)
        background = [
            asyncio.create_task(running.load.run()),
            asyncio.create_task(running.watch.run()),
        ]
        try:
            for worker in running.workers:
                await worker.start()
            for worker in running.workers:
                await worker.joined()
            yield running
            evidence = await _finish(running, background)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            for worker in running.workers:
                await worker.kill()
    judged = judged_by(evidence)
    figures = Figures(
        scenario=name,
        seed=SETTINGS.seed,
        size=SETTINGS.size,
        duration_s=round(time.monotonic() - started_s),
        faults=dict(running.faults),
        pauses_s=running.pauses_s,
        published_again=running.load.sent_again,
        looks_at_the_group=len(running.watch.seen),
        **judged.counts,
    )
    figures.keep(SETTINGS.folder)
    print(figures)  # noqa: T201 - shown when it fails
    assert not judged.differences, judged.differences[:10]
    shutil.rmtree(folder)


def campaign_kafka(data: Path, properties: Mapping[str, str] | None = None) -> LocalKafka:
    """A broker that lets workers have as short a session as theirs."""
    short = {"group.min.session.timeout.ms": "1000"}
    return LocalKafka(data, options=BrokerOptions(properties={**short, **(properties or {})}))


async def _finish(running: Campaign, background: list[asyncio.Task[None]]) -> Evidence:
    """Stop the load, let workers catch up and end, and read what they left."""
    load, watch = background
    running.load.stop()
    async with asyncio.timeout(CATCH_UP_S_MAX):
        await load
    await running.caught_up()
    for worker in running.workers:
        await worker.joined()  # one that has only just been started would not hear a signal
        assert not worker.has_ended, f"{worker.log} tells why it ended"
    assert [await worker.end(signal.SIGTERM) for worker in running.workers] == [0] * WORKERS
    running.watch.stop()
    await watch
    return await Evidence.read(
        running.servers, running.watch, running.load.acknowledged, partitions=PARTITIONS
    )


async def _make_topics(servers: str, replication: int) -> None:
    """The topics of biolatch, but the input keeps the times of the history."""
    async with KafkaAdmin(servers) as admin:
        for topic in topology().topics:
            settings = topic.settings(replication=replication)
            if topic.name == DEVICE_EVENTS:
                for_ever = str(2**63 - 1)
                settings |= {
                    "message.timestamp.type": "CreateTime",
                    "message.timestamp.after.max.ms": for_ever,
                    "segment.ms": for_ever,  # days pass from one event to the next
                    "retention.ms": "-1",
                }
            await admin.create(
                topic.name, partitions=PARTITIONS, replication=replication, settings=settings
            )
