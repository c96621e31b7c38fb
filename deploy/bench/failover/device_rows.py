"""Fills changelogs with devices' rows, without the hours of events that led to them."""

import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.kafka.client import KafkaLogs, KafkaOptions
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.port import BatchResult, Headers, Partition
from agents.lane.position import POSITION_KEY, Position
from deploy.bench.event_records import event_record
from deploy.bench.phone import random_uuid
from deploy.bench.phone_history import PhoneHistory

_SAMPLE_DEVICES: Final = 1000
_EVENTS_EACH: Final = 15
_SAMPLE_FROM_MS: Final = 1_790_000_000_000
_TRANSACTION_ROWS: Final = 2000


class _Record(NamedTuple):
    """An `InputRecord`."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def sample_rows(seed: int) -> list[bytes]:
    """Rows as a crowd of phones has them after some weeks: real ones, as the agent writes them."""
    history = PhoneHistory(seed=seed, devices=_SAMPLE_DEVICES)
    reports = [*history.enrollments(), *islice(history.events(), _SAMPLE_DEVICES * _EVENTS_EACH)]
    agent = DevicesAgent(Policy())
    rows: dict[bytes, bytes] = {}
    for offset, report in enumerate(reports):
        at_ms = _SAMPLE_FROM_MS + offset
        record = event_record(report, at_ms=at_ms)
        decided = agent(
            Partition("sample", 0),
            rows,
            [_Record(offset, at_ms, record.key, record.value, record.headers)],
        )
        rows |= {key: row for key, row in decided.rows.items() if row is not None}
    return list(rows.values())


async def fill_changelog(
    kafka: KafkaOptions,
    topic: str,
    *,
    rows: int,
    partitions: int,
    seed: int,
    on_written: Callable[[int], None],
) -> float:
    """Write so many rows, in as many transactions as a worker would; return their mean bytes.

    Args:
        kafka: as the worker has it, for the rows are written as it writes them.
        topic: the input topic, of which nothing has been read then.
        rows: in all partitions together.
        partitions: of every topic.
        seed: of the rows.
        on_written: told how many rows are written by now.
    """
    samples = sample_rows(seed)
    # Not the seed alone: phones of a history with the same one would be among these devices, whose
    # rows say that they have seen all of the history already.
    chance = random.Random(f"devices {seed}")  # noqa: S311 (seeded on purpose, protects nothing)
    logs = KafkaLogs(kafka)
    await logs.start()
    written = size = 0
    try:
        for number in range(partitions):
            session = await KafkaLaneLog(logs, Partition(topic, number)).open()
            position = Position(topic, 0, partitions, DevicesAgent(Policy()).row_format).encode()
            of_partition = rows // partitions + (number < rows % partitions)
            for batch in _batches(of_partition, samples, chance):
                composition = session.compose()
                composition.add(BatchResult({}, batch))
                await composition.complete({POSITION_KEY: position}, 0).commit()
                written += len(batch)
                size += sum(len(key) + len(row) for key, row in batch.items())
                on_written(written)
            await session.close()
    finally:
        await logs.stop()
    return size / max(written, 1)


def _batches(
    rows: int, samples: list[bytes], chance: random.Random
) -> Iterator[dict[bytes, bytes]]:
    for start in range(0, rows, _TRANSACTION_ROWS):
        yield {
            random_uuid(chance).encode(): chance.choice(samples)
            for _ in range(min(_TRANSACTION_ROWS, rows - start))
        }
