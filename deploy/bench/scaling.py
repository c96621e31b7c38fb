"""What an event costs with more phones, more partitions, more workers.

Each of these drains begins on an empty Kafka of its own and differs from the first in one thing.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from agents.settings import Settings
from deploy.bench.bench_kafka import bench_kafka, own_topics
from deploy.bench.pace import pace_ms
from deploy.bench.report import BenchOptions, Scaled
from deploy.bench.stages import Audience, Stage
from deploy.kafka.local import BrokerOptions
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from schemas.topics import topology

_TOGETHER: Final = BrokerOptions(properties={"group.initial.rebalance.delay.ms": "3000"})
"""Workers that start together get their partitions together, and drain from the first event on."""


class Crowd(NamedTuple):
    """What one of the drains is about."""

    workers: int
    devices: int
    partitions: int


def crowds(devices: int) -> tuple[Crowd, ...]:
    """The drains: the first is what the others are compared with.

    Args:
        devices: of the first; others have ten and a hundred times as many.
    """
    first = Crowd(workers=1, devices=devices, partitions=4)
    return (
        first,
        first._replace(devices=10 * devices),
        first._replace(devices=100 * devices),
        first._replace(partitions=1),
        first._replace(partitions=12),
        first._replace(workers=2),
    )


async def measure_scaling(
    options: BenchOptions, settings: Settings, audience: Audience, folder: Path
) -> tuple[Scaled, ...]:
    """All drains, one after another; none without `scaling_devices`.

    Raises:
        InvariantBroken: an input did not get its one verdict, or a process failed.
        TransientFailure: Kafka cannot be used, or not now.
    """
    if not options.scaling_devices:
        return ()
    return tuple(
        [
            await drain_crowd(crowd, options, settings, audience, folder)
            for crowd in crowds(options.scaling_devices)
        ]
    )


async def drain_crowd(
    crowd: Crowd, options: BenchOptions, settings: Settings, audience: Audience, folder: Path
) -> Scaled:
    """One drain, from an empty Kafka on; its data is gone afterwards.

    Raises:
        InvariantBroken: an input did not get its one verdict, or a process failed.
        TransientFailure: Kafka cannot be used, or not now.
    """
    audience.begins(f"{crowd.devices:,} devices, partitions: {crowd.partitions}")
    topics = topology(settings.application.name)
    options = replace(options, devices=crowd.devices, partitions=crowd.partitions)
    data = folder / "scaling"
    async with (
        bench_kafka(None, data, _TOGETHER) as kafka,
        own_topics(kafka, topics, crowd.partitions),
        TopicReader(Connection(bootstrap_servers=kafka.bootstrap_servers)) as reader,
    ):
        stage = Stage(options, settings, topics, kafka, reader, audience, folder, {})
        load = await stage.prefill()
        pace_before_ms = pace_ms()
        async with stage.workers(crowd.workers) as workers:
            drained, _ = await stage.drain(workers, load)
    shutil.rmtree(data)
    return Scaled(
        workers=crowd.workers,
        devices=crowd.devices,
        partitions=crowd.partitions,
        events_per_s=drained.events_per_s,
        cpu_us_per_event=drained.worker_cpu_us_per_event,
        broker_cpu_us_per_event=drained.broker_cpu_us_per_event,
        resident_bytes_max=drained.resident_bytes_max,
        others=stage.others["drain"],
        pace_ms=(pace_before_ms + pace_ms()) / 2,
    )
