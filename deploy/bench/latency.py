"""End-to-end latency: from an event's time in a fixed schedule to its verdict in a reader's hands.

Three processes: one publishes in an open loop, the worker works, one reads verdicts. All three
clocks are one: the monotonic clock of the machine.
"""

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from deploy.bench.child_process import Child, child, python_module
from deploy.bench.open_loop import LINGER_MS, OpenLoopOrder, OpenLoopResult
from deploy.bench.percentiles import percentile
from deploy.bench.prefill import Load, input_ends
from deploy.bench.verdict_audit import VerdictAudit, audited
from deploy.bench.verdict_reader import ReaderOrder, ReaderResult
from deploy.records.reader import TopicReader
from schemas.topics import Topology

_READY_WAIT_S: Final = 120.0
_SPARE_WAIT_S: Final = 60.0
_LATE_MS_P99_MAX: Final = 4 * LINGER_MS
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyPlan:
    """What to publish.

    Attributes:
        seed, devices: of the history.
        skipped: events of the history that were published before.
        rate: events a second.
        warm_up_s: at first, and not measured.
        seconds: measured, after that.
    """

    seed: int
    devices: int
    skipped: int
    rate: float
    warm_up_s: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How late verdicts were, in milliseconds.

    Attributes:
        rate: events a second that were published.
        seconds: for how long, the warm-up left out.
        events: how many were measured.
        publisher_late_ms_p99, publisher_late_ms_max: by how much the publisher itself missed its
            times; part of the figures above, for they count from the schedule.
        acknowledged_ms_p50, acknowledged_ms_p99: how long it took until Kafka had an event, the
            lingering included; part of them, too.
        worker_cpu_us_per_event: processor time of the worker meanwhile.
        is_valid: whether the publisher kept its schedule well enough for the figures to speak of
            the worker and not of the publisher.
    """

    rate: float
    seconds: float
    events: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    publisher_late_ms_p99: float
    publisher_late_ms_max: float
    acknowledged_ms_p50: float
    acknowledged_ms_p99: float
    worker_cpu_us_per_event: float
    is_valid: bool


async def measure_latency(
    reader: TopicReader,
    topics: Topology,
    load: Load,
    plan: LatencyPlan,
    *,
    worker: Child,
    folder: Path,
    on_stage: Callable[[str], None],
) -> Latency:
    """Publish at a fixed rate while the worker runs, and see when verdicts appear.

    Raises:
        InvariantBroken: a verdict was missing, repeated or out of place, or a process ended.
        TransientFailure: a process did not answer.
    """
    loop_result, reader_result = folder / "open-loop.json", folder / "verdict-reader.json"
    count = int((plan.warm_up_s + plan.seconds) * plan.rate)
    async with AsyncExitStack() as stack:
        on_stage("preparing events")
        publisher = await stack.enter_async_context(
            child(
                "open-loop",
                python_module(
                    "deploy.bench.open_loop",
                    _text(_loop_order(reader, topics, load, plan, loop_result)),
                ),
                folder=folder,
            )
        )
        await publisher.hear(_READY_WAIT_S)
        positions = await input_ends(reader, topics.verdicts.name)
        order = ReaderOrder(
            bootstrap_servers=reader.bootstrap_servers,
            topic=topics.verdicts.name,
            positions=positions,
            count=count,
            result=str(reader_result),
        )
        verdict_reader = await stack.enter_async_context(
            child(
                "verdict-reader",
                python_module("deploy.bench.verdict_reader", _text(order)),
                folder=folder,
            )
        )
        await verdict_reader.hear(_READY_WAIT_S)
        on_stage(f"publishing {plan.rate:,.0f} events/s")
        before = worker.usage()
        publisher.tell("go")
        wait_s = plan.warm_up_s + plan.seconds + _SPARE_WAIT_S
        await publisher.until_done(wait_s)
        await verdict_reader.until_done(_SPARE_WAIT_S)
        cpu_s = worker.usage().cpu_s - before.cpu_s
    on_stage("checking verdicts")
    audit = VerdictAudit(topics.device_events.name, load.ends)
    await audited(reader, topics.verdicts.name, audit, positions=positions, measured_from=load.ends)
    audit.require_all(await input_ends(reader, topics.device_events.name))
    return _summary(
        plan,
        msgspec.json.decode(loop_result.read_bytes(), type=OpenLoopResult),
        msgspec.json.decode(reader_result.read_bytes(), type=ReaderResult),
        worker_cpu_us_per_event=cpu_s / count * 1_000_000,
    )


def _summary(
    plan: LatencyPlan,
    published: OpenLoopResult,
    read: ReaderResult,
    *,
    worker_cpu_us_per_event: float,
) -> Latency:
    latencies_ms = sorted(_latencies_ms(published, read, warm_up_s=plan.warm_up_s))
    return Latency(
        rate=plan.rate,
        seconds=plan.seconds,
        events=len(latencies_ms),
        p50_ms=percentile(latencies_ms, 0.50),
        p95_ms=percentile(latencies_ms, 0.95),
        p99_ms=percentile(latencies_ms, 0.99),
        max_ms=latencies_ms[-1],
        publisher_late_ms_p99=published.late_ms_p99,
        publisher_late_ms_max=published.late_ms_max,
        acknowledged_ms_p50=published.acknowledged_ms_p50,
        acknowledged_ms_p99=published.acknowledged_ms_p99,
        worker_cpu_us_per_event=worker_cpu_us_per_event,
        is_valid=published.late_ms_p99 <= _LATE_MS_P99_MAX,
    )


def _loop_order(
    reader: TopicReader, topics: Topology, load: Load, plan: LatencyPlan, result: Path
) -> OpenLoopOrder:
    return OpenLoopOrder(
        bootstrap_servers=reader.bootstrap_servers,
        topic=topics.device_events.name,
        partitions=len(load.ends),
        seed=plan.seed,
        devices=plan.devices,
        skipped=plan.skipped,
        rate=plan.rate,
        seconds=plan.warm_up_s + plan.seconds,
        result=str(result),
    )


def _latencies_ms(
    published: OpenLoopResult, read: ReaderResult, *, warm_up_s: float
) -> Iterator[float]:
    """Of every event behind the warm-up.

    Both sides have each partition's events in its order, so the n-th verdict is on the n-th event.
    """
    warm_up_ns = int(warm_up_s * 1_000_000_000)
    for number, scheduled_ns in published.scheduled_ns.items():
        times_ns = iter(scheduled_ns)
        for arrival in read.arrivals[number]:
            for _, time_ns in zip(range(arrival.count), times_ns, strict=False):
                if time_ns >= warm_up_ns:
                    yield (arrival.at_ns - published.start_ns - time_ns) / _NS_PER_MS


def _text(order: OpenLoopOrder | ReaderOrder) -> str:
    return msgspec.json.encode(order).decode()
