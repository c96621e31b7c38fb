"""Reads verdicts as they appear and notes when: run as a program, with its order.

Reads `read_committed`, as every consumer of verdicts should, so a verdict counts as seen only when
its transaction is committed. Says `{"ready": true}`, reads, writes its result and ends.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from agents.lane.port import Partition
from deploy.bench.verdict_audit import VerdictAudit
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from events.errors import TransientFailure

_POLL_WAIT_S: Final = 0.5
_SILENCE_S_MAX: Final = 30.0


class ReaderOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to read.

    Attributes:
        bootstrap_servers: where.
        topic: the verdicts.
        input_topic: what they answer.
        positions: by partition, where to start to read.
        next_offsets: by partition, the input offset that the next verdict answers.
        count: how many to read.
        result: the file to write a `ReaderResult` to.
    """

    bootstrap_servers: str
    topic: str
    input_topic: str
    positions: dict[int, int]
    next_offsets: dict[int, int]
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
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(_read(order))
    Path(order.result).write_bytes(msgspec.json.encode(result))


async def _read(order: ReaderOrder) -> ReaderResult:
    audit = VerdictAudit(order.input_topic, order.next_offsets)
    arrivals: dict[int, list[Arrival]] = {number: [] for number in order.positions}
    positions = {Partition(order.topic, each): at for each, at in order.positions.items()}
    async with TopicReader(Connection(bootstrap_servers=order.bootstrap_servers)) as reader:
        reader.start(positions)
        await reader.poll(positions, key=None, wait_s=0)
        sys.stdout.write('{"ready":true}\n')
        sys.stdout.flush()
        left, heard_at = order.count, time.monotonic()
        while left > 0:
            polled = await reader.poll(positions, key=None, wait_s=_POLL_WAIT_S)
            at_ns = time.monotonic_ns()
            for partition, found in polled.items():
                for record in found.records:
                    audit.take(record)
                if found.records:
                    arrivals[partition.number].append(Arrival(len(found.records), at_ns))
                    left -= len(found.records)
                    heard_at = time.monotonic()
            if time.monotonic() - heard_at > _SILENCE_S_MAX:
                raise TransientFailure(
                    "bench.verdicts-missing",
                    f"{left} verdicts did not come within {_SILENCE_S_MAX:.0f} s",
                )
    return ReaderResult(arrivals=arrivals)


if __name__ == "__main__":
    main(*sys.argv[1:])
