"""Reads verdicts as they appear and notes when: run as a program, with its order.

Reads `read_committed`, as every consumer of verdicts should, so a verdict counts as seen only when
its transaction is committed. Reads by librdkafka and looks at nothing but the partition, for it
shares the machine with the system under test; whether these are the right verdicts is looked at
afterwards. Says `{"ready": true}`, reads, writes its result and ends.
"""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.errors import TransientFailure

_POLL_WAIT_S: Final = 0.5
_SILENCE_S_MAX: Final = 30.0
_AT_ONCE: Final = 2_000


class ReaderOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to read.

    Attributes:
        bootstrap_servers: where.
        topic: the verdicts.
        positions: by partition, where to start to read.
        count: how many to read.
        result: the file to write a `ReaderResult` to.
    """

    bootstrap_servers: str
    topic: str
    positions: dict[int, int]
    count: int
    result: str


class Arrival(msgspec.Struct, frozen=True, array_like=True):
    """Verdicts of one partition that were read together.

    Attributes:
        count: how many, in a row.
        at_ns: when they were in the reader's hands (`time.monotonic_ns`).
    """

    count: int
    at_ns: int


class ReaderResult(msgspec.Struct, frozen=True, kw_only=True):
    """What was read: by partition, in order, from the first verdict of the order on."""

    arrivals: dict[int, list[Arrival]]


def main(order_text: str) -> None:
    """Carry the order out."""
    order = msgspec.json.decode(order_text, type=ReaderOrder)
    Path(order.result).write_bytes(msgspec.json.encode(_read(order)))


def _read(order: ReaderOrder) -> ReaderResult:
    arrivals: dict[int, list[Arrival]] = {number: [] for number in order.positions}
    consumer = Consumer(
        {
            "bootstrap.servers": order.bootstrap_servers,
            "client.id": "biolatch-bench",
            "group.id": "biolatch-bench",  # demanded, and never joined
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(order.topic, *each) for each in order.positions.items()])
    consumer.poll(0)
    sys.stdout.write('{"ready":true}\n')
    sys.stdout.flush()
    left, heard_at = order.count, time.monotonic()
    while left > 0:
        numbers, at_ns = _taken(consumer)
        for number, count in numbers.items():
            arrivals[number].append(Arrival(count, at_ns))
            left -= count
            heard_at = time.monotonic()
        if time.monotonic() - heard_at > _SILENCE_S_MAX:
            raise TransientFailure(
                "bench.verdicts-missing",
                f"{left} verdicts did not come within {_SILENCE_S_MAX:.0f} s",
            )
    consumer.close()
    return ReaderResult(arrivals=arrivals)


def _taken(consumer: Consumer) -> tuple[Counter[int], int]:
    """How many verdicts of which partition are there, and when the first of them was."""
    first = consumer.poll(_POLL_WAIT_S)
    at_ns = time.monotonic_ns()
    if first is None:
        return Counter(), at_ns
    numbers = Counter[int]()
    for message in (first, *consumer.consume(_AT_ONCE, timeout=0)):
        if (error := message.error()) is not None:
            raise KafkaException(error)
        numbers[message.partition() or 0] += 1
    return numbers, at_ns


if __name__ == "__main__":
    main(*sys.argv[1:])
