"""Publishes events at a fixed rate, whatever becomes of them: run as a program, with its order.

An open loop: when the system is slow, events do not wait for it, as users do not. Each event has
its time in a schedule that is fixed beforehand, and latency counts from there, so a delay on the
way to Kafka is a delay too and nothing is omitted. Events of one tick travel together, as with a
publisher that lingers for as long; an event waits for the end of its tick, which counts as well.

Says `{"ready": true}`, hears a line, publishes, writes its result and ends.
"""

import asyncio
import gc
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import uvloop

from deploy.bench.event_records import event_record
from deploy.bench.kafka_client import Batch, BatchProducer
from deploy.bench.percentiles import percentile
from deploy.bench.phone_history import PhoneHistory, Report
from deploy.records.partitioner import partition_of
from deploy.records.publisher import KeyedRecord

TICK_MS: Final = 5
_NS_PER_S: Final = 1_000_000_000
_TICK_NS: Final = TICK_MS * 1_000_000
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
        late_ms_p99, late_ms_max: how late ticks were handed over.
    """

    start_ns: int
    scheduled_ns: dict[int, list[int]]
    late_ms_p99: float
    late_ms_max: float


class _Schedule(NamedTuple):
    ticks: list[list[Batch]]
    scheduled_ns: dict[int, "array[int]"]


def main(order_text: str) -> None:
    """Carry the order out."""
    order = msgspec.json.decode(order_text, type=OpenLoopOrder)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_publish(order))
    Path(order.result).write_bytes(msgspec.json.encode(result))


async def _publish(order: OpenLoopOrder) -> OpenLoopResult:
    async with BatchProducer(order.bootstrap_servers, order.topic) as producer:
        schedule = _schedule(order, producer)
        # What was made stays until the end: looking through it again and again would cost pauses.
        gc.collect()
        gc.freeze()
        _say({"ready": True})
        await asyncio.to_thread(sys.stdin.readline)
        start_ns = time.monotonic_ns() + _LEAD_NS
        late_ms = await _follow(schedule.ticks, start_ns, producer)
    return OpenLoopResult(
        start_ns=start_ns,
        scheduled_ns={number: list(times) for number, times in schedule.scheduled_ns.items()},
        late_ms_p99=percentile(late_ms, 0.99),
        late_ms_max=max(late_ms),
    )


def _schedule(order: OpenLoopOrder, producer: BatchProducer) -> _Schedule:
    """Every batch of every tick, and the time of every event."""
    reports = _reports(order)
    dated_ms = int(time.time() * 1000)
    partitions: dict[str, int] = {}
    scheduled_ns: dict[int, array[int]] = defaultdict(lambda: array("q"))
    ticks: list[list[Batch]] = []
    made = 0
    for tick in range(1, int(order.seconds * 1000 / TICK_MS) + 1):
        due = int(tick * TICK_MS / 1000 * order.rate)
        records: dict[int, list[KeyedRecord]] = defaultdict(list)
        for place in range(made, due):
            report = next(reports)
            record = event_record(report, at_ms=dated_ms + int(place / order.rate * 1000))
            number = partitions.get(report.device_id)
            if number is None:
                number = partitions[report.device_id] = partition_of(record.key, order.partitions)
            records[number].append(record)
            scheduled_ns[number].append(int(place / order.rate * _NS_PER_S))
        made = due
        ticks.append([producer.batch(number, records[number]) for number in records])
    return _Schedule(ticks, scheduled_ns)


def _reports(order: OpenLoopOrder) -> Iterator[Report]:
    """The history from where the last publisher of it ended."""
    history = PhoneHistory(seed=order.seed, devices=order.devices)
    for _ in history.enrollments():
        pass
    return islice(history.events(), order.skipped, None)


async def _follow(ticks: list[list[Batch]], start_ns: int, producer: BatchProducer) -> list[float]:
    """Hand every tick over at its time; returns by how many milliseconds each was late."""
    acknowledgements: list[Any] = []
    late_ms: list[float] = []
    for tick, batches in enumerate(ticks, start=1):
        due_ns = start_ns + tick * _TICK_NS
        if (early_ns := due_ns - time.monotonic_ns()) > 0:
            await asyncio.sleep(early_ns / _NS_PER_S)
        acknowledgements += [await producer.hand_over(batch) for batch in batches]
        late_ms.append((time.monotonic_ns() - due_ns) / 1_000_000)
    await asyncio.gather(*acknowledgements)
    return late_ms


def _say(what: object) -> None:
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
