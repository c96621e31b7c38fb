"""Publishes events at a fixed rate, whatever becomes of them: run as a program, with its order.

An open loop: when the system is slow, events do not wait for it, as users do not. Each event has
its time in a schedule that is fixed beforehand, and latency counts from there, so a delay on the
way to Kafka is a delay too and nothing is omitted. Publishes by librdkafka, the C client that most
services use: what shares the machine with the system under test should take little of it.

Says `{"ready": true}`, hears a line, publishes, writes its result and ends.
"""

import gc
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from deploy.bench.event_records import event_record
from deploy.bench.percentiles import percentile
from deploy.bench.phone_history import PhoneHistory, Report
from deploy.records.partitioner import partition_of
from deploy.records.publisher import KeyedRecord
from events.errors import TransientFailure

LINGER_MS: Final = 5
"""librdkafka's own: events within so long travel together; the wait is part of their latency."""
_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000
_TICK_NS: Final = _NS_PER_MS
"""The publisher rises no more often than that; so long an event may wait, too."""
_LEAD_NS: Final = _NS_PER_S // 2
"""Between the word to start and the first event."""
_HEARD_EVERY: Final = 64
"""Of how many events one is asked for when Kafka had it."""
_FLUSH_S_MAX: Final = 30.0


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
        acknowledged_ms_p50, acknowledged_ms_p99: from handing an event over until Kafka had it.
    """

    start_ns: int
    scheduled_ns: dict[int, list[int]]
    late_ms_p99: float
    late_ms_max: float
    acknowledged_ms_p50: float
    acknowledged_ms_p99: float


class _Due(NamedTuple):
    """An event, its partition, and its time after the start."""

    at_ns: int
    number: int
    record: KeyedRecord


@dataclass(slots=True)
class _Delays:
    """What the publisher has waited for, in milliseconds."""

    late_ms: list[float] = field(default_factory=list[float])
    acknowledged_ms: list[float] = field(default_factory=list[float])

    def acknowledged(self, error: KafkaError | None, message: Message) -> None:
        """Take note of an event that Kafka has, or will never have."""
        if error is not None:
            raise TransientFailure("bench.publishing-failed", error.str())
        self.acknowledged_ms.append((message.latency() or 0.0) * 1000)


def main(order_text: str) -> None:
    """Carry the order out."""
    order = msgspec.json.decode(order_text, type=OpenLoopOrder)
    Path(order.result).write_bytes(msgspec.json.encode(_publish(order)))


def _publish(order: OpenLoopOrder) -> OpenLoopResult:
    schedule = _schedule(order)
    delays = _Delays()
    producer = _connected(order)
    # What was made stays until the end: looking through it again and again would cost pauses.
    gc.collect()
    gc.freeze()
    _say({"ready": True})
    sys.stdin.readline()
    start_ns = time.monotonic_ns() + _LEAD_NS
    _follow(schedule, start_ns, producer, order.topic, delays)
    if producer.flush(_FLUSH_S_MAX):
        raise TransientFailure("bench.publishing-failed", "Kafka did not take all events in time")
    scheduled_ns: dict[int, list[int]] = {}
    for due in schedule:
        scheduled_ns.setdefault(due.number, []).append(due.at_ns)
    return OpenLoopResult(
        start_ns=start_ns,
        scheduled_ns=scheduled_ns,
        late_ms_p99=percentile(delays.late_ms, 0.99),
        late_ms_max=max(delays.late_ms),
        acknowledged_ms_p50=percentile(delays.acknowledged_ms, 0.50),
        acknowledged_ms_p99=percentile(delays.acknowledged_ms, 0.99),
    )


def _connected(order: OpenLoopOrder) -> Producer:
    producer = Producer(
        {
            "bootstrap.servers": order.bootstrap_servers,
            "client.id": "biolatch-bench",
            "enable.idempotence": True,
            "linger.ms": LINGER_MS,
            "compression.type": "zstd",
            "queue.buffering.max.messages": 2_000_000,
        }
    )
    producer.list_topics(order.topic, timeout=_FLUSH_S_MAX)
    return producer


def _schedule(order: OpenLoopOrder) -> list[_Due]:
    """The events with their times, in order."""
    dated_ms = int(time.time() * 1000)
    partitions: dict[str, int] = {}
    schedule: list[_Due] = []
    for place, report in enumerate(islice(_reports(order), int(order.seconds * order.rate))):
        at_ns = int(place / order.rate * _NS_PER_S)
        record = event_record(report, at_ms=dated_ms + at_ns // _NS_PER_MS)
        number = partitions.get(report.device_id)
        if number is None:
            number = partitions[report.device_id] = partition_of(record.key, order.partitions)
        schedule.append(_Due(at_ns, number, record))
    return schedule


def _reports(order: OpenLoopOrder) -> Iterator[Report]:
    """The history from where the last publisher of it ended."""
    history = PhoneHistory(seed=order.seed, devices=order.devices)
    for _ in history.enrollments():
        pass
    return islice(history.events(), order.skipped, None)


def _follow(
    schedule: list[_Due], start_ns: int, producer: Producer, topic: str, delays: _Delays
) -> None:
    """Hand every event over when it is due."""
    place, end = 0, len(schedule)
    while place < end:
        wake_ns = start_ns + schedule[place].at_ns + _TICK_NS
        if (early_ns := wake_ns - time.monotonic_ns()) > 0:
            time.sleep(early_ns / _NS_PER_S)
            delays.late_ms.append(max(0.0, (time.monotonic_ns() - wake_ns) / _NS_PER_MS))
        now_ns = time.monotonic_ns() - start_ns
        while place < end and (due := schedule[place]).at_ns <= now_ns:
            key, value, headers = due.record
            heard = None if place % _HEARD_EVERY else delays.acknowledged
            producer.produce(
                topic, value, key, due.number, on_delivery=heard, headers=list(headers)
            )
            place += 1
        producer.poll(0)


def _say(what: object) -> None:
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
