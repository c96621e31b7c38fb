"""The whole run: recovery first, then one mishap after another, on a Kafka of its own."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from agents import app
from agents.devices import DevicesAgent
from agents.settings import PREFIX, Settings
from deploy.bench.failover.device_rows import fill_changelog
from deploy.bench.failover.probe import Probe, probing
from deploy.bench.failover.report import FailoverOptions, FailoverReport, Pause, Recovery
from deploy.bench.failover.worker import Worker, worker
from deploy.bench.machine import this_machine
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from deploy.until_signal import until_signal
from schemas.topics import Topology, topology

_CALM_S: Final = 2.0
"""Between mishaps, so that each hits a group that has settled."""


_STATIC_SESSION_TIMEOUT_S: Final = 30
"""Static members are given longer, so that others do not take over while one is started again."""


class Audience(Protocol):
    """Is told how the run goes on."""

    def begins(self, stage: str, total: int | None = None) -> None:
        """Another stage begins; some can say of how many rows they are where."""
        ...

    def comes_to(self, done: int) -> None:
        """The stage has done so many of its rows."""
        ...


def run_failover_bench(
    options: FailoverOptions, settings: Settings, audience: Audience
) -> FailoverReport:
    """Measure everything; nothing is left running and nothing on disk.

    Raises:
        asyncio.CancelledError: a signal ended it.
        InvariantBroken, TransientFailure: a worker ended, or did not do its work in time.
    """
    folder = Path(tempfile.mkdtemp(prefix="biolatch-bench-"))
    try:
        return asyncio.run(until_signal(_measure(options, settings, audience, folder)))
    finally:
        shutil.rmtree(folder)


async def _measure(
    options: FailoverOptions, settings: Settings, audience: Audience, folder: Path
) -> FailoverReport:
    began_s = time.monotonic()
    machine = this_machine(own_broker=True)
    async with _scene("recovery", options, settings, audience, folder) as scene:
        recovery, from_store = await scene.recoveries(options.recovery_rows)
    async with _scene("failover", options, settings, audience, folder) as scene:
        pauses = await scene.pauses(options.rows)
    return FailoverReport(
        options=options,
        machine=machine,
        recovery=recovery,
        from_store=from_store,
        pauses=pauses,
        took_s=time.monotonic() - began_s,
    )


@asynccontextmanager
async def _scene(
    name: str, options: FailoverOptions, settings: Settings, audience: Audience, folder: Path
) -> AsyncGenerator["_Scene"]:
    """A Kafka with our topics, empty."""
    audience.begins("starting Apache Kafka")
    broker = LocalKafka(folder / name / "kafka")
    await broker.start()
    try:
        topics = topology(settings.application.name)
        async with KafkaAdmin(broker.bootstrap_servers) as admin:
            await apply(admin, topics, Wishes(partitions=options.partitions))
        yield _Scene(options, settings, topics, broker.bootstrap_servers, audience, folder / name)
    finally:
        await broker.kill()  # its data goes, too, so there is nothing to put in order


class _Scene(NamedTuple):
    """What everything on one Kafka shares, and what is measured there."""

    options: FailoverOptions
    settings: Settings
    topics: Topology
    bootstrap_servers: str
    audience: Audience
    folder: Path

    @property
    def all(self) -> frozenset[int]:
        """Every partition's number."""
        return frozenset(range(self.options.partitions))

    @asynccontextmanager
    async def worker(
        self, name: str, instance_id: str | None = None, *, store: Path | None = None
    ) -> AsyncGenerator[Worker]:
        """A worker for the block; a static member where it has an id, with a store if it has one.

        Without a folder it has none, whatever this process's settings are.
        """
        environment = {
            f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS": self.bootstrap_servers,
            f"{PREFIX}LOG__FORMAT": "json",
        }
        if store is not None:
            environment[f"{PREFIX}STORE__FOLDER"] = str(store)
        if instance_id is not None:
            environment[f"{PREFIX}MEMBERSHIP__INSTANCE_ID"] = instance_id
            environment[f"{PREFIX}MEMBERSHIP__SESSION_TIMEOUT_S"] = str(_STATIC_SESSION_TIMEOUT_S)
        async with worker(name, self.folder, environment) as running:
            yield running

    async def fill(self, rows: int) -> float:
        """Fill the changelog; return the rows' mean size."""
        self.audience.begins("filling the changelog", rows)
        kafka = self.settings.kafka.model_copy(update={"bootstrap_servers": self.bootstrap_servers})
        settings = self.settings.model_copy(update={"kafka": kafka})
        input_topic = self.topics.device_events.name
        changelog = self.topics.devices_changelog.name
        as_worker = app.Worker(
            settings,
            DevicesAgent(settings.policy),
            app.WorkerTopics(input=input_topic, changelog=changelog, outputs=()),
        )
        return await fill_changelog(
            as_worker.kafka,
            input_topic,
            rows=rows,
            partitions=self.options.partitions,
            seed=self.options.seed,
            on_written=self.audience.comes_to,
        )

    async def recoveries(self, rows: int) -> tuple[Recovery, Recovery]:
        """One worker that has everything to read, and one with a store that has it all."""
        async with self.worker("empty") as empty:
            await empty.until_it_serves(self.all.__eq__)
            empty_bytes = empty.process.usage().resident_bytes
        row_bytes = await self.fill(rows)
        self.audience.begins(f"reading {rows:,} rows")
        reading = await self._recovery("recovering", rows, row_bytes, empty_bytes, None)
        store = self.folder / "store"
        self.audience.begins("filling a local store")
        async with self.worker("storing", store=store) as storing:
            await storing.until_it_serves(self.all.__eq__)
        self.audience.begins("starting from the local store")
        return reading, await self._recovery("stored", rows, row_bytes, empty_bytes, store)

    async def _recovery(
        self, name: str, rows: int, row_bytes: float, empty_bytes: int, store: Path | None
    ) -> Recovery:
        async with self.worker(name, store=store) as recovering:
            await recovering.until_it_serves(self.all.__eq__)
            serving_s = time.monotonic() - recovering.started_s
            openings = recovering.openings()
            more_bytes = recovering.process.usage().resident_bytes - empty_bytes
        return Recovery(
            rows=rows,
            changelog_records=sum(opening["changelog_records"] for opening in openings),
            row_bytes=row_bytes,
            opened_s=max(opening["opened_in_s"] for opening in openings),
            serving_s=serving_s,
            memory_bytes_per_row=more_bytes / rows,
        )

    async def pauses(self, rows: int) -> tuple[Pause, ...]:
        """Two workers, and one mishap after another."""
        await self.fill(rows)
        async with (
            probing(self.bootstrap_servers, self.topics, seed=self.options.seed) as probe,
            AsyncExitStack() as first_pair,
        ):
            pauses = [*await self._of_dynamic_members(probe, first_pair)]
            await first_pair.aclose()
            pauses.append(await self._of_static_members(probe))
        return tuple(pauses)

    async def _of_dynamic_members(self, probe: Probe, stack: AsyncExitStack) -> list[Pause]:
        staying = await stack.enter_async_context(self.worker("staying"))
        await staying.until_it_serves(self.all.__eq__)
        doomed = await stack.enter_async_context(self.worker("doomed"))
        await self._shared(doomed, staying)

        moving, since_s, read_before = await self._calm(probe, doomed, staying)
        self.audience.begins("kill -9 of a dynamic member")
        doomed.process.kill()
        await staying.until_it_serves(self.all.__eq__)
        killed = await self._pause("kill -9", probe, moving, since_s, staying, read_before)

        _, since_s, read_before = await self._calm(probe, staying, staying)
        self.audience.begins("another member joins")
        ending = await stack.enter_async_context(self.worker("ending"))
        await self._shared(ending, staying)
        joined = await self._pause(
            "a worker joins", probe, ending.serves(), since_s, staying, read_before
        )

        moving, since_s, read_before = await self._calm(probe, ending, staying)
        self.audience.begins("SIGTERM hands over")
        await ending.process.end()
        await staying.until_it_serves(self.all.__eq__)
        return [
            killed,
            joined,
            await self._pause("SIGTERM", probe, moving, since_s, staying, read_before),
        ]

    async def _of_static_members(self, probe: Probe) -> Pause:
        async with self.worker("other", "two") as other, AsyncExitStack() as stack:
            doomed = await stack.enter_async_context(self.worker("restarted", "one"))
            await self._shared(doomed, other)
            moving, since_s, read_before = await self._calm(probe, doomed, other)
            self.audience.begins("kill -9 and restart of a static member")
            doomed.process.kill()
            back = await stack.enter_async_context(self.worker("back", "one"))
            await back.until_it_serves(moving.__eq__)
            return await self._pause(
                "kill -9 and restart, static", probe, moving, since_s, other, read_before
            )

    async def _shared(self, one: Worker, other: Worker) -> None:
        """Wait until both serve their share."""
        await one.until_it_serves(lambda served: bool(served) and not served & other.serves())
        await other.until_it_serves(lambda served: served == self.all - one.serves())

    async def _calm(
        self, probe: Probe, leaving: Worker, staying: Worker
    ) -> tuple[frozenset[int], float, int]:
        """Let everything settle; return what is served by who leaves, and what it is now."""
        await probe.caught_up()
        await asyncio.sleep(_CALM_S)
        return leaving.serves(), time.monotonic(), len(staying.openings())

    async def _pause(
        self,
        what: str,
        probe: Probe,
        moved: frozenset[int],
        since_s: float,
        staying: Worker,
        read_before: int,
    ) -> Pause:
        await probe.caught_up()
        await asyncio.sleep(_CALM_S)
        taken_over = len(moved & staying.serves())
        return Pause(
            what=what,
            moved_s=probe.pause_s(moved, since_s),
            others_s=probe.pause_s(self.all - moved, since_s),
            reopened=len(staying.openings()) - read_before - taken_over,
        )
