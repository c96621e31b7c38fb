"""An operator decides where a partition goes on: what `biolatch position reset` does.

Owns the look before (what would come again, what would be lost) and the translation of what may
stand in the way into our kinds of error. What is written, and why that is safe, is
`agents.lane.reset`'s.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from agents.device_rows import ROW_FORMAT
from agents.kafka_connection import connected, kafka_options
from agents.lane.kafka.client import AccessRefused, NotAllowed
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.log import Bounds, LogFailure
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY
from agents.lane.reset import Standing, require_within, reset, standing
from agents.lane.rows import MemoryRows
from agents.row_watermarks import rows_as_of
from agents.settings import Settings
from deploy.kafka.admin import KafkaAdmin
from deploy.records.connection import Connection, connection_to
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged, untold
from deploy.records.topic_record import Span
from deploy.skip_record import NoSuchPartition
from events.errors import Misconfigured, TransientFailure
from schemas.topics import DEVICE_EVENTS, topology


class Place(StrEnum):
    """Places that need no number."""

    EARLIEST = "earliest"
    INPUT_END = "input-end"


class Served(Exception):  # noqa: N818 - a state of the partition, named in the answer
    """A worker has the partition and may serve it; the message says who."""


class Stretch(NamedTuple):
    """Records of the input between two offsets.

    Attributes:
        records: how many there are.
        first_ms, last_ms: the times of the first and the last of them; None where there is none.
    """

    records: int
    first_ms: int | None
    last_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a reset would do.

    Attributes:
        partition: the input partition.
        stood: where it stands.
        offset: where it would go on.
        again: records before where it stands, that it would meet from there on.
        passed_over: records that it has not decided, as far as is known, and never would.
        deleted: offsets that it has not decided and that the input holds no more.
        rows_changed: rows that know of offsets that the input gives out again.
        owner: the worker that has the partition; None where none has.
    """

    partition: Partition
    stood: Standing
    offset: int
    again: Stretch
    passed_over: Stretch
    deleted: int
    rows_changed: int
    owner: str | None

    @property
    def is_served(self) -> bool:
        """Whether a worker may be at work on the partition."""
        return self.owner is not None and self.stood.unservable is None


_NOTHING: Final = Stretch(0, None, None)


async def plan_reset(
    settings: Settings, number: int, to: Place | int, *, on_progress: ScanProgress = untold
) -> Plan:
    """Look at a partition and say what a reset would do; changes nothing, disturbs nobody.

    Raises:
        NoSuchPartition: there is no such partition.
        NotResettable: another position would not help, or there is no such place.
        Misconfigured: a topic or a right is missing.
        TransientFailure: Kafka did not answer.
    """
    connection = connection_to(settings.kafka)
    changelog = topology(settings.application.name).devices_changelog.name
    partition = Partition(DEVICE_EVENTS, number)
    async with TopicReader(connection) as reader:
        count = len(await reader.partitions(DEVICE_EVENTS))
        if number >= count:
            raise NoSuchPartition(
                f"{DEVICE_EVENTS} has no partition {number}: it has 0 to {count - 1}"
            )
        rows = await _rows(reader, Partition(changelog, number), on_progress)
        elsewhere = await _position_elsewhere(reader, changelog) if rows.is_empty() else None
        span = (await reader.spans([partition]))[partition]
        bounds = Bounds(span.start, span.end, count)
        stood = standing(partition, rows, bounds, ROW_FORMAT, elsewhere=elsewhere)
        offset = offset_of(to, bounds)
        stands_at = bounds.start if stood.next_offset is None else stood.next_offset
        # Of another log nothing is known to be decided.
        undecided = bounds.start if stood.is_of_another_log else max(stands_at, bounds.start)
        again = await _stretch(reader, partition, offset, min(stands_at, bounds.end))
        passed_over = await _stretch(reader, partition, undecided, offset)
    return Plan(
        partition=partition,
        stood=stood,
        offset=offset,
        again=again,
        passed_over=passed_over,
        deleted=max(0, bounds.start - stands_at),
        rows_changed=_count(rows, offset) if stood.is_of_another_log else 0,
        owner=await _owner(connection, settings.application.group, partition),
    )


async def carry_out(settings: Settings, plan: Plan) -> None:
    """Do what was planned, behind a fence, whatever has happened meanwhile.

    Raises:
        Served: a worker has the partition and may serve it; nothing was written.
        NotResettable: it is another partition by now; nothing was written.
        Misconfigured: Kafka refuses; nothing was written.
        TransientFailure: Kafka did not answer; nothing was written, or all of it.
    """
    if plan.is_served:
        raise Served(
            f"worker {plan.owner} has partition {plan.partition.number}, and nothing keeps it from "
            "serving it"
        )
    changelog = topology(settings.application.name).devices_changelog.name
    async with connected(kafka_options(settings, changelog)) as logs:
        try:
            async with asyncio.timeout(settings.lane.open_s_max):
                await reset(
                    KafkaLaneLog(logs, plan.partition),
                    plan.partition,
                    plan.offset,
                    row_format=ROW_FORMAT,
                    as_of=rows_as_of,
                )
        except (AccessRefused, NotAllowed) as refused:
            raise Misconfigured("kafka.not-allowed", f"nothing was reset: {refused}") from refused
        except (LogFailure, TimeoutError) as failure:
            raise TransientFailure(
                "position.unknown",
                f"Kafka did not answer ({failure or 'it took too long'}), so it is not known "
                "whether the position was reset. Run the command without --apply: it says where "
                "the partition stands.",
            ) from failure


def offset_of(to: Place | int, bounds: Bounds) -> int:
    """The offset that is meant.

    Raises:
        NotResettable: the input has no such place.
    """
    match to:
        case Place.EARLIEST:
            return bounds.start
        case Place.INPUT_END:
            return bounds.end
        case int():
            require_within(bounds, to)
            return to
        case _:
            assert_never(to)


async def _rows(reader: TopicReader, changelog: Partition, on_progress: ScanProgress) -> MemoryRows:
    rows = MemoryRows()
    spans = await reader.spans([changelog])
    async for record in merged(reader, spans, on_progress=on_progress):
        rows.change({record.key or b"": record.value})
    return rows


async def _position_elsewhere(reader: TopicReader, changelog: str) -> bytes | None:
    spans = await reader.spans(await reader.partitions(changelog))
    found: bytes | None = None
    async for record in merged(reader, spans, key=POSITION_KEY):
        found = record.value or found
    return found


async def _stretch(reader: TopicReader, partition: Partition, start: int, end: int) -> Stretch:
    """What of the input lies between these offsets."""
    if start >= end:
        return _NOTHING
    records, first_ms, last_ms = 0, None, None
    async for record in merged(reader, {partition: Span(start, end)}):
        records += 1
        first_ms = record.timestamp_ms if first_ms is None else first_ms
        last_ms = record.timestamp_ms
    return Stretch(records, first_ms, last_ms)


def _count(rows: MemoryRows, offset: int) -> int:
    return sum(1 for _ in rows_as_of(rows, offset))


async def _owner(connection: Connection, group: str, partition: Partition) -> str | None:
    async with KafkaAdmin.over(connection) as admin:
        members = (await admin.group(group)).members
    return next(
        (
            f"{member.client_id} at {member.host}"
            for member in members
            if partition in member.partitions
        ),
        None,
    )
