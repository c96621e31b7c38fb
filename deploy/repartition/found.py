"""What an application keeps of its devices, read to the end, and the events that wait.

Owns the look at the topics that a move starts from. Must never write.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from agents.erasure_keys import ErasureKeys
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.partitioner import partition_of
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged
from deploy.records.topic_record import Span, TopicRecord
from deploy.records.whole_topics import last_by_key, whole_spans
from deploy.repartition.layout import positions_of
from events.errors import Misconfigured
from schemas.topics import DEVICE_EVENTS, DEVICE_STATE, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done.

    Attributes:
        topology: the application's topics.
        group: its workers' group.
        application: begins the transactional ids.
        partitions: how many there shall be.
        keys: of erasure marks, where they are set.
    """

    topology: Topology
    group: str
    application: str
    partitions: int
    keys: ErasureKeys | None

    @property
    def changelog(self) -> str:
        """The topic of the rows."""
        return self.topology.devices_changelog.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that is kept by device, and where the input goes on."""

    rows: Mapping[int, Mapping[bytes, bytes]]
    states: Mapping[int, Mapping[bytes, TopicRecord]]
    input: Mapping[Partition, Span]
    old_count: int


async def find(connection: Connection, task: Task, on_progress: ScanProgress) -> Found:
    """Read changelog and public state to their very ends.

    Raises:
        Misconfigured: a topic is missing, or positions do not tell how the rows were made.
        TransientFailure: Kafka stopped answering.
    """
    changelog = await whole_spans(connection, task.changelog)
    state = await whole_spans(connection, DEVICE_STATE)
    spans = await whole_spans(connection, DEVICE_EVENTS)
    async with TopicReader(connection) as reader:
        records = await last_by_key(reader, changelog, on_progress=on_progress)
        states = await last_by_key(reader, state, on_progress=on_progress)
    rows = {
        number: {key: record.value or b"" for key, record in by_key.items()}
        for number, by_key in records.items()
    }
    counts = {position.partition_count for position in positions_of(rows).values()}
    return Found(
        rows=rows, states=states, input=spans, old_count=counts.pop() if counts else len(spans)
    )


def waiting(found: Found, new_count: int) -> dict[int, Span]:
    """What of the input is not decided, by partition; nothing in those that are to come.

    Raises:
        Misconfigured: a partition stands behind its input's end.
    """
    positions = positions_of(found.rows)
    waits: dict[int, Span] = {number: Span(0, 0) for number in range(new_count)}
    for (_topic, number), span in found.input.items():
        position = positions.get(number)
        start = span.start if position is None else max(span.start, position.next_offset)
        if start > span.end:
            raise Misconfigured(
                "repartition.behind-the-end",
                f"partition {number} stands at {start}, behind its input's end {span.end}: the "
                f"input was made anew or has lost its end. See `biolatch position reset {number} "
                "--to-earliest` before you change partitions",
            )
        waits[number] = Span(start, span.end)
    return waits


def starts(waits: Mapping[int, Span], *, moved_waiting: bool) -> dict[int, int]:
    """Where each partition goes on: behind what waits there, if that is written anew."""
    return {number: span.end if moved_waiting else span.start for number, span in waits.items()}


async def waiting_records(
    connection: Connection, waits: Mapping[int, Span]
) -> AsyncGenerator[TopicRecord]:
    """The events that wait, of all partitions, in the order of their times."""
    spans = {Partition(DEVICE_EVENTS, number): span for number, span in waits.items()}
    async with TopicReader(connection) as reader:
        async for record in merged(
            reader, {each: at for each, at in spans.items() if at[0] < at[1]}
        ):
            yield record


async def is_astray(connection: Connection, waits: Mapping[int, Span], new_count: int) -> bool:
    """Whether some event waits in a partition where its device will not be."""
    async for record in waiting_records(connection, waits):
        if home(record, new_count) != record.partition.number:
            return True
    return False


def home(record: TopicRecord, new_count: int) -> int:
    """Where a record belongs; one without a key has no better place than its own."""
    return record.partition.number if record.key is None else partition_of(record.key, new_count)
