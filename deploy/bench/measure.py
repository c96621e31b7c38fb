"""The whole benchmark, from an empty broker to the report, and everything gone again afterwards."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path

from agents.settings import Settings
from deploy.bench.bench_kafka import bench_kafka, own_topics
from deploy.bench.machine import this_machine
from deploy.bench.report import BenchOptions, Report
from deploy.bench.scaling import measure_scaling
from deploy.bench.signed import measure_signed
from deploy.bench.stages import Audience, Stage
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.until_signal import until_signal
from schemas.topics import topology


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
    audience.begins("starting Apache Kafka")
    machine = this_machine(own_broker=bootstrap_servers is None)
    topics = topology(settings.application.name)
    async with (
        bench_kafka(bootstrap_servers, folder / "kafka") as kafka,
        own_topics(kafka, topics, options.partitions),
        TopicReader(Connection(bootstrap_servers=kafka.bootstrap_servers)) as reader,
    ):
        stage = Stage(options, settings, topics, kafka, reader, audience, folder, {})
        load = await stage.prefill()
        async with stage.workers() as workers:
            drained, bytes_per_event = await stage.drain(workers, load)
            latency = await stage.latency(workers[0], load, drained)
        baselines = await stage.baselines()
    signed = await measure_signed(options, settings, audience, folder)
    scaling = await measure_scaling(options, settings, audience, folder)
    return Report(
        options=options,
        machine=machine,
        drained=drained,
        bytes_per_event=bytes_per_event,
        latency=latency,
        baselines=baselines,
        scaling=scaling,
        signed=signed,
        others=stage.others,
        took_s=time.monotonic() - began_at,
    )
