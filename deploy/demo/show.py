"""The whole show: an Apache Kafka, the topics, a worker, a backend, the story, and the end of all.

Owns what is started and that it is gone afterwards: nothing survives the show but, if asked for,
the broker with its data. A signal ends the show early and in the same good order.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from deploy.demo.backend_process import BackendProcess, phone_backend
from deploy.demo.observer import Observer
from deploy.demo.player import Player
from deploy.demo.presenter import KeptKafka, Presenter, Summary
from deploy.demo.story import story
from deploy.demo.worker_process import WorkerProcess, worker
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.broker_process import Lifetime
from deploy.kafka.jars import kafka_version, locked_jars
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from deploy.until_signal import until_signal
from schemas.topics import topology

_ANSWER_WAIT_S: Final = 10.0
_LAST_LOOK_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions:
    """What viewers may choose.

    Attributes:
        pace_s: pause behind each step.
        keep: leave the broker running with everything that was written.
    """

    pace_s: float
    keep: bool


def run_show(options: ShowOptions, presenter: Presenter) -> Summary:
    """Set the stage, play the story, clear up.

    Raises:
        asyncio.CancelledError: a signal ended it; everything is cleared up.
        TransientFailure, Misconfigured, InvariantBroken: the stage could not be set, or broke down.
    """
    folder = Path(tempfile.mkdtemp(prefix="biolatch-demo-"))
    kept = False
    try:
        # Kafka's folder is prepared in a thread, which has ended only when the loop is closed.
        summary = asyncio.run(until_signal(_show(options, presenter, folder)))
        kept = summary.kept is not None
    finally:
        if not kept:
            shutil.rmtree(folder)
    presenter.ends(summary)
    return summary


async def _show(options: ShowOptions, presenter: Presenter, folder: Path) -> Summary:
    began_at = time.monotonic()
    rows = list(story())
    presenter.begins(len(rows))
    async with (
        _broker(folder / "kafka", presenter, keep=options.keep) as kafka,
        _cast(kafka.bootstrap_servers, presenter, folder) as cast,
    ):
        player = Player(
            cast.backend,
            cast.observer,
            presenter,
            pace_s=options.pace_s,
            answer_wait_s=_ANSWER_WAIT_S,
        )
        played = await player.play(rows)
        await cast.worker.finish()  # it cannot write any more, so what follows is all there is
        async with asyncio.timeout(_LAST_LOOK_WAIT_S):
            await cast.observer.catch_up()
        counts = cast.observer.counts()
    return Summary(
        rows=len(rows),
        played=played,
        counts=counts,
        took_s=time.monotonic() - began_at,
        kept=KeptKafka(bootstrap_servers=kafka.bootstrap_servers, data=kafka.folder.path)
        if options.keep
        else None,
    )


@asynccontextmanager
async def _broker(data: Path, presenter: Presenter, *, keep: bool) -> AsyncGenerator[LocalKafka]:
    """A broker for the block; afterwards it is gone, or if it is kept, goes on."""
    with presenter.preparing(f"Apache Kafka {kafka_version(locked_jars())}") as preparation:
        kafka = LocalKafka(
            data,
            lifetime=Lifetime.DETACHED if keep else Lifetime.BOUND,
            on_fetch=lambda done, total: preparation.goes_on(f"fetching file {done} of {total}"),
        )
        await kafka.start()
        preparation.is_ready(f"at {kafka.bootstrap_servers}, only for this show")
    try:
        yield kafka
    except BaseException:
        await kafka.kill()  # its data goes, too, so there is nothing to put in order
        raise
    if not keep:
        await kafka.kill()


class _Cast(NamedTuple):
    worker: WorkerProcess
    backend: BackendProcess
    observer: Observer


@asynccontextmanager
async def _cast(servers: str, presenter: Presenter, folder: Path) -> AsyncGenerator[_Cast]:
    """Topics, then a worker and a backend as processes of their own, and somebody who watches."""
    topics = topology()
    with presenter.preparing("Topics") as preparation:
        async with KafkaAdmin(servers) as admin:
            outcome = await apply(admin, topics, Wishes())
        partitions = outcome.sizing.partitions
        preparation.is_ready(f"{len(topics.topics)} topics with {partitions} partitions each")
    async with AsyncExitStack() as stack:
        with presenter.preparing("Worker") as preparation:
            acting = await stack.enter_async_context(worker(servers, folder))
            await acting.until_serving(partitions)
            preparation.is_ready(f"`biolatch run`, process {acting.pid}")
        with presenter.preparing("Phone backend") as preparation:
            backend = await stack.enter_async_context(
                phone_backend(servers, topics.device_events.name, folder / "backend.log")
            )
            observer = await stack.enter_async_context(Observer(servers, topics))
            preparation.is_ready(f"knows only the wire contract, process {backend.pid}")
        yield _Cast(acting, backend, observer)
