"""Draining: workers against a full input topic, as fast as they can."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.bench.child_process import Child, Usage, usage_of
from deploy.bench.prefill import Load
from deploy.bench.verdict_audit import VerdictAudit, audited
from deploy.records.reader import TopicReader
from events.errors import TransientFailure
from schemas.topics import Topology

_LOOK_EVERY_S: Final = 0.1
_STANDSTILL_S_MAX: Final = 60.0

_STEADY_FROM: Final = 0.1
_STEADY_TO: Final = 0.9
"""Processor time is taken from one look to another, between these shares of the measured events: at
both of them the worker is as far ahead of what it has committed. None of the warm-up lies between
them, for an enrollment costs other than an attempt, and big crowds enroll most."""
_STEADY_SHARE_MIN: Final = 0.6


class Look(NamedTuple):
    """What was seen at one moment.

    Attributes:
        committed: input records that the workers' group has committed.
        measured: those of them that lie behind the warm-up.
        is_warm: whether nothing of the warm-up is left on any partition.
        workers, broker: what the processes have taken; no broker where it is not ours.
    """

    committed: int
    measured: int
    is_warm: bool
    workers: Usage
    broker: Usage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How workers drained the input.

    Attributes:
        events: measured events, those of the warm-up left out.
        seconds: from the first append of verdicts on them to the last, by the broker's clock.
        events_per_s: verdicts that were appended within that time, for each second of it.
        worker_cpu_us_per_event: processor time of the workers, all their threads; None if the
            drain was over too soon to tell.
        broker_cpu_us_per_event: the same of the broker, where it is our own.
        resident_bytes_max: the most memory of the workers together that was seen.
        verdicts: how many of each kind, of all inputs, those of the warm-up too.
    """

    events: int
    seconds: float
    events_per_s: float
    worker_cpu_us_per_event: float | None
    broker_cpu_us_per_event: float | None
    resident_bytes_max: int
    verdicts: dict[str, int]

    @property
    def events_per_cpu_s(self) -> float | None:
        """Events for each second of the workers' processor time."""
        return 1_000_000 / self.worker_cpu_us_per_event if self.worker_cpu_us_per_event else None


async def drain(
    reader: TopicReader,
    topics: Topology,
    load: Load,
    *,
    group: str,
    workers: Sequence[Child],
    broker_pid: int | None,
    on_committed: Callable[[int], None],
) -> Drained:
    """Wait until the workers have committed everything, then check all its verdicts.

    Raises:
        InvariantBroken: a worker ended, or a verdict is missing, repeated or out of place.
        TransientFailure: the workers stand still.
    """
    partitions = [Partition(topics.device_events.name, each) for each in load.ends]
    looks = await _watched(reader, partitions, load, group, workers, broker_pid, on_committed)
    audit = VerdictAudit(topics.device_events.name, dict.fromkeys(load.ends, 0))
    appended = await audited(reader, topics.verdicts.name, audit, measured_from=load.warm_up)
    audit.require_all(load.ends)
    worker_cpu_us, broker_cpu_us = cpu_us_per_event(looks)
    return Drained(
        events=appended.by_ms.total(),
        seconds=appended.seconds,
        events_per_s=appended.events_per_s,
        worker_cpu_us_per_event=worker_cpu_us,
        broker_cpu_us_per_event=broker_cpu_us,
        resident_bytes_max=max(look.workers.resident_bytes for look in looks),
        verdicts=dict(audit.kinds.most_common()),
    )


async def _watched(
    reader: TopicReader,
    partitions: list[Partition],
    load: Load,
    group: str,
    workers: Sequence[Child],
    broker_pid: int | None,
    on_committed: Callable[[int], None],
) -> list[Look]:
    """Look again and again until everything is committed."""
    looks: list[Look] = []
    moved_at = time.monotonic()
    while not looks or looks[-1].committed < load.total:
        for worker in workers:
            worker.check_alive()
        offsets = await reader.committed(group, partitions)
        done = {partition.number: offset or 0 for partition, offset in offsets.items()}
        committed = sum(done.values())
        if looks and committed > looks[-1].committed:
            moved_at = time.monotonic()
        if time.monotonic() - moved_at > _STANDSTILL_S_MAX:
            raise TransientFailure(
                "bench.worker-stands-still",
                f"the workers committed nothing for {_STANDSTILL_S_MAX:.0f} s; their last words:\n"
                + "\n".join(worker.last_words for worker in workers),
            )
        broker = None if broker_pid is None else usage_of(broker_pid)
        behind = [done[number] - warm_up for number, warm_up in load.warm_up.items()]
        looks.append(
            Look(
                committed,
                measured=sum(max(0, each) for each in behind),
                is_warm=min(behind) >= 0,
                workers=_sum(each.usage() for each in workers),
                broker=broker,
            )
        )
        on_committed(committed)
        await asyncio.sleep(_LOOK_EVERY_S)
    return looks


def _sum(usages: Iterable[Usage]) -> Usage:
    cpu_s, resident_bytes = zip(*usages, strict=True)
    return Usage(sum(cpu_s), sum(resident_bytes))


def cpu_us_per_event(looks: Sequence[Look]) -> tuple[float | None, float | None]:
    """Of the workers and of the broker, for each measured event.

    Args:
        looks: up to the one at which everything was committed.
    """
    total = looks[-1].measured
    steady = [look for look in looks if look.is_warm and look.measured >= _STEADY_FROM * total]
    first = steady[0]
    last = next(look for look in steady if look.measured >= _STEADY_TO * total)
    events = last.measured - first.measured
    if events < _STEADY_SHARE_MIN * total:
        return None, None
    broker = None
    if first.broker is not None and last.broker is not None:
        broker = (last.broker.cpu_s - first.broker.cpu_s) / events * 1_000_000
    return (last.workers.cpu_s - first.workers.cpu_s) / events * 1_000_000, broker
