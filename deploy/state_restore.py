"""The public states written anew from the rows: what `biolatch topics restore device-state` does.

A public state is a function of its row, so the changelog is its backup. Owns the comparison and the
write, which is a lane's kind of write: behind the partition's fence nobody else changes rows or
states meanwhile, so what is written is never older than what a worker wrote. A lane that serves
opens anew, which takes it a moment.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.core.policy import Policy
from agents.core.projection import public_state
from agents.device_rows import decode_row
from agents.kafka_connection import connected, kafka_options
from agents.lane.kafka.client import AccessRefused, KafkaLogs, NotAllowed
from agents.lane.kafka.session import KafkaLaneLog, KafkaSession
from agents.lane.log import LogFailure
from agents.lane.port import RESERVED_KEY_PREFIX, BatchResult, Partition
from agents.lane.position import POSITION_KEY, decode_position
from agents.lane.rows import MemoryRows
from agents.settings import Settings
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, untold
from deploy.records.topic_record import TopicRecord
from deploy.records.whole_topics import last_by_key, whole_spans
from events.errors import Misconfigured, TransientFailure
from schemas.outputs import OutputRecord, public_state_record, public_state_value
from schemas.topics import DEVICE_EVENTS, DEVICE_STATE, topology

States = Mapping[bytes, TopicRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What became of one partition's states.

    Attributes:
        partition: its number.
        right: states that are as their rows say.
        missing: states that were not there.
        different: states that said something else.
        surplus: states of devices that have no user.
        unknown: whether the changelog has nothing of this partition; then nothing is touched.
    """

    partition: int
    right: int
    missing: int
    different: int
    surplus: int
    unknown: bool

    @property
    def written(self) -> int:
        """How many records that are, or would be."""
        return self.missing + self.different + self.surplus


async def restore_states(
    settings: Settings, *, dry_run: bool, on_progress: ScanProgress = untold
) -> list[Restored]:
    """Compare every public state with its row, and write those that differ.

    Raises:
        Misconfigured: a topic or a right is missing.
        InvariantBroken: a row cannot be read by this version.
        TransientFailure: Kafka did not answer; run it again.
    """
    connection = connection_to(settings.kafka)
    changelog = topology(settings.application.name).devices_changelog.name
    if dry_run:
        rows_spans = await whole_spans(connection, changelog)
        async with TopicReader(connection) as reader:
            found = await last_by_key(reader, rows_spans, on_progress=on_progress)
        states = await _states(connection, on_progress)
        return [
            compared(number, _rows_in(by_key), states.get(number, {}), settings.policy)
            for number, by_key in sorted(found.items())
        ]
    async with connected(kafka_options(settings, changelog)) as logs:
        try:
            count = (await logs.partition_counts([changelog]))[changelog]
            # Before any fence, which a worker takes back: rows are read behind it, and whatever a
            # worker has written in between is what its row says.
            states = await _states(connection, on_progress)
            return [
                await _restore(settings, logs, number, states.get(number, {}))
                for number in range(count)
            ]
        except (AccessRefused, NotAllowed) as refused:
            raise Misconfigured("kafka.not-allowed", str(refused)) from refused
        except (LogFailure, TimeoutError) as failure:
            raise TransientFailure(
                "restore.broken-off",
                f"not all is written ({failure or 'it took too long'}). Run the same command "
                "again: it writes only what is missing. Where a busy worker keeps taking a "
                "partition back, stop the workers meanwhile.",
            ) from failure


async def _restore(settings: Settings, logs: KafkaLogs, number: int, states: States) -> Restored:
    session = await KafkaLaneLog(logs, Partition(DEVICE_EVENTS, number)).open()
    try:
        async with asyncio.timeout(settings.lane.open_s_max):
            rows = (await session.restore()).rows
        if not isinstance(rows, MemoryRows):
            raise TypeError("an operator's command keeps no rows on disk")
        found = compared(number, rows, states, settings.policy)
        if found.written and not found.unknown:
            await _write(session, rows, states, settings.policy)
        return found
    finally:
        await session.close()


async def _write(session: KafkaSession, rows: MemoryRows, states: States, policy: Policy) -> None:
    """Write what differs, and the position as it stands, as a lane would: all at once.

    After a first transaction a worker would take the partition back before the second one.
    """
    position = rows[POSITION_KEY]
    next_offset = decode_position(position).next_offset
    number = session.partition.number
    due = differences(number, rows, states, policy, next_offset)
    composition = session.compose()
    composition.add(BatchResult(outgoing={DEVICE_STATE: [*due]}, rows={}))
    await composition.complete({POSITION_KEY: position}, next_offset).commit()


async def _states(
    connection: Connection, on_progress: ScanProgress
) -> dict[int, dict[bytes, TopicRecord]]:
    spans = await whole_spans(connection, DEVICE_STATE)
    async with TopicReader(connection) as reader:
        return await last_by_key(reader, spans, on_progress=on_progress)


def _rows_in(records: Mapping[bytes, TopicRecord]) -> MemoryRows:
    return MemoryRows({key: record.value or b"" for key, record in records.items()})


def _values(rows: MemoryRows, policy: Policy) -> Iterator[tuple[bytes, bytes | None, int]]:
    """Key, due value and watermark of every device that has a row under its id."""
    for key, row in rows.items():
        if not key.startswith(RESERVED_KEY_PREFIX):
            state = decode_row(row)
            value = public_state_value(public_state(key.decode(), state, policy))
            yield key, value, state.watermark


def compared(number: int, rows: MemoryRows, states: States, policy: Policy) -> Restored:
    """Count how a partition's states compare with its rows."""
    right = missing = different = surplus = 0
    for key, value, _ in _values(rows, policy):
        have = states[key].value if key in states else None
        if have == value:
            right += value is not None
        elif have is None:
            missing += 1
        elif value is None:
            surplus += 1
        else:
            different += 1
    return Restored(
        partition=number,
        right=right,
        missing=missing,
        different=different,
        surplus=surplus + len(states.keys() - rows.keys()),
        unknown=POSITION_KEY not in rows,
    )


def differences(
    number: int, rows: MemoryRows, states: States, policy: Policy, next_offset: int
) -> Iterator[OutputRecord]:
    """The records that make a partition's states what its rows say.

    Args:
        number: the partition's.
        rows: what its changelog holds.
        states: what the topic holds there.
        policy: the workers'.
        next_offset: where the partition stands.
    """
    origin = f"{DEVICE_EVENTS}/{number}"
    for key, value, watermark in _values(rows, policy):
        if value != (states[key].value if key in states else None):
            yield public_state_record(key, f"{origin}/{watermark}", value)
    for key in sorted(states.keys() - rows.keys()):
        yield public_state_record(key, f"{origin}/{next_offset - 1}", None)
