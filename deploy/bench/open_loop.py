"""Publishes events at a fixed rate, whatever becomes of them: run as a program, with its order.

An open loop: when the system is slow, events do not wait for it, as users do not. Each event has
its time in a schedule that is fixed beforehand, and latency counts from there, so a delay on the
way to Kafka is a delay too and nothing is omitted. As with any idempotent producer that lingers for
a moment, a partition has one batch on its way, and what falls due meanwhile travels together.

Says `{"ready": true}`, hears a line, publishes, writes its result and ends.
"""

import asyncio
import gc
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import uvloop

from deploy.bench.event_records import event_record
from deploy.bench.kafka_client import BatchProducer
from deploy.bench.percentiles import percentile
from deploy.bench.phone_history import PhoneHistory, Report
from deploy.records.partitioner import partition_of
from deploy.records.publisher import KeyedRecord

LINGER_MS: Final = 5
"""Events that fall due within so long travel together; the wait is part of their latency."""
_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000
_LINGER_NS: Final = LINGER_MS * _NS_PER_MS
_BATCH_RECORDS_MAX: Final = 500
_LEAD_NS: Final = _NS_PER_S // 2
"""Between the word to start and the first event."""


class OpenLoopOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to publish.

    Attributes:
        bootstrap_servers: where.
        topic: the input topic.
        partitions: how many it has.
        seed, devices: of the history.
        skipped: events of the history that were published before.
        rate: events a second.
        seconds: for how long.
        result: the file to write an `OpenLoopResult` to.
    """

    bootstrap_servers: str
    topic: str
    partitions: int
    seed: int
    devices: int
    skipped: int
    rate: float
    seconds: float
    result: str


class OpenLoopResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was published.

    Attributes:
        start_ns: when the schedule began (`time.monotonic_ns`, which is one clock per machine).
        scheduled_ns: by partition, in the order of its records: their times after the start.
        late_ms_p99, late_ms_max: by how much the publisher itself was late: it had nothing to wait
            for but the clock, and woke up after the time.
        acknowledged_ms_p50, acknowledged_ms_p99: from handing a batch over until Kafka had it.
    """

    start_ns: int
    scheduled_ns: dict[int, list[int]]
    late_ms_p99: float
    late_ms_max: float
    acknowledged_ms_p50: float
    acknowledged_ms_p99: float


class _Due(NamedTuple):
    """An event and its time after the start."""

    at_ns: int
    record: KeyedRecord


@dataclass(slots=True)
class _Delays:
    """What the publisher has waited for, in milliseconds."""

    late_ms: list[float] = field(default_factory=list[float])
    acknowledged_ms: list[float] = field(default_factory=list[float])


def main(order_text: str) -> None:
    """Carry the order out."""
    order = msgspec.json.decode(order_text, type=OpenLoopOrder)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_publish(order))
    Path(order.result).write_bytes(msgspec.json.encode(result))


async def _publish(order: OpenLoopOrder) -> OpenLoopResult:
    schedule = _schedule(order)
    delays = _Delays()
    async with BatchProducer(order.bootstrap_servers, order.topic) as producer:
        # What was made stays until the end: looking through it again and again would cost pauses.
        gc.collect()
        gc.freeze()
        _say({"ready": True})
        await asyncio.to_thread(sys.stdin.readline)
        start_ns = time.monotonic_ns() + _LEAD_NS
        async with asyncio.TaskGroup() as tasks:
            for number, events in schedule.items():
                tasks.create_task(_follow(number, events, start_ns, producer, delays))
    return OpenLoopResult(
        start_ns=start_ns,
        scheduled_ns={number: [due.at_ns for due in events] for number, events in schedule.items()},
        late_ms_p99=percentile(delays.late_ms, 0.99),
        late_ms_max=max(delays.late_ms),
        acknowledged_ms_p50=percentile(delays.acknowledged_ms, 0.50),
        acknowledged_ms_p99=percentile(delays.acknowledged_ms, 0.99),
    )


def _schedule(order: OpenLoopOrder) -> dict[int, list[_Due]]:
    """The events of every partition with their times, in order."""
    dated_ms = int(time.time() * 1000)
    partitions: dict[str, int] = {}
    schedule: dict[int, list[_Due]] = {}
    for place, report in enumerate(islice(_reports(order), int(order.seconds * order.rate))):
        at_ns = int(place / order.rate * _NS_PER_S)
        record = event_record(report, at_ms=dated_ms + at_ns // _NS_PER_MS)
        number = partitions.get(report.device_id)
        if number is None:
            number = partitions[report.device_id] = partition_of(record.key, order.partitions)
        schedule.setdefault(number, []).append(_Due(at_ns, record))
    return schedule


def _reports(order: OpenLoopOrder) -> Iterator[Report]:
    """The history from where the last publisher of it ended."""
    history = PhoneHistory(seed=order.seed, devices=order.devices)
    for _ in history.enrollments():
        pass
    return islice(history.events(), order.skipped, None)


async def _follow(
    number: int, events: list[_Due], start_ns: int, producer: BatchProducer, delays: _Delays
) -> None:
    """Publish the events of one partition, as soon as linger and the batch before allow."""
    place = 0
    while place < len(events):
        wake_ns = start_ns + events[place].at_ns + _LINGER_NS
        if (early_ns := wake_ns - time.monotonic_ns()) > 0:
            await asyncio.sleep(early_ns / _NS_PER_S)
            delays.late_ms.append(max(0.0, (time.monotonic_ns() - wake_ns) / _NS_PER_MS))
        now_ns = time.monotonic_ns() - start_ns
        end = bisect_right(
            events,
            now_ns,
            place,
            min(place + _BATCH_RECORDS_MAX, len(events)),
            key=lambda due: due.at_ns,
        )
        handed_over_ns = time.monotonic_ns()
        await producer.publish(number, [due.record for due in events[place:end]])
        delays.acknowledged_ms.append((time.monotonic_ns() - handed_over_ns) / _NS_PER_MS)
        place = end


def _say(what: object) -> None:
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
