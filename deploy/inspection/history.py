"""A device's story: each input with its verdict, its decisions or its dead letter, in order.

Four topics are read side by side and never held in memory. In each of their partitions the records
stand in the order of the input records that they stem from, so they can be put together as they
come. Looks in every partition unless told otherwise, because a publisher with another partitioner
may have used others.
"""

from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged
from deploy.records.topic_record import TopicRecord
from schemas import topics

_OUTPUTS: Final = (topics.VERDICTS, topics.DECISIONS, topics.DEAD_LETTERS)
_NOWHERE: Final = -1


class Origin(NamedTuple):
    """An input record's place: partition number and offset."""

    partition: int
    offset: int


@dataclass(slots=True)
class Step:
    """One input and what became of it.

    Attributes:
        origin: where the input stands, or stood.
        event: the input record; None where it is older than what the topic keeps.
        verdict: None where it is not decided yet, or was no event.
        decisions: in their order.
        dead_letters: why it could not be decoded; at most one, but for skipped records.
    """

    origin: Origin
    event: TopicRecord | None = None
    verdict: TopicRecord | None = None
    decisions: list[TopicRecord] = field(default_factory=list[TopicRecord])
    dead_letters: list[TopicRecord] = field(default_factory=list[TopicRecord])

    @property
    def timestamp_ms(self) -> int:
        """When the input arrived, or else when its first output did."""
        records = (self.event, self.verdict, *self.decisions, *self.dead_letters)
        return next(record.timestamp_ms for record in records if record is not None)

    def take(self, record: TopicRecord) -> None:
        """Put a record in its place."""
        match record.partition.topic:
            case topics.VERDICTS:
                self.verdict = record
            case topics.DECISIONS:
                self.decisions.append(record)
            case topics.DEAD_LETTERS:
                self.dead_letters.append(record)
            case _:
                self.event = record


async def history(
    reader: TopicReader,
    device: str,
    *,
    since_ms: int | None,
    only: Collection[int] | None = None,
    on_progress: ScanProgress,
) -> AsyncGenerator[Step]:
    """Every step of the device that the topics still hold, of inputs from an instant on.

    Args:
        reader: connected.
        device: its id.
        since_ms: the instant; None: all.
        only: numbers of the partitions to look in; None: all, because a publisher with another
            partitioner may have used any.
        on_progress: told how far it has come.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: a topic is missing, or Kafka refuses.
    """
    outputs = [
        each
        for topic in _OUTPUTS
        for each in await reader.partitions(topic)
        if only is None or each.number in only
    ]
    inputs = [
        each
        for each in await reader.partitions(topics.DEVICE_EVENTS)
        if only is None or each.number in only
    ]
    # The inputs' ends are taken last, so that the input of every output is among them.
    output_spans = await reader.since(await reader.spans(outputs), since_ms)
    input_spans = await reader.since(await reader.spans(inputs), since_ms)
    first = {each.number: span.start for each, span in input_spans.items()}
    step: Step | None = None
    async for record in merged(
        reader,
        output_spans | input_spans,
        order=_order,
        key=device.encode(),
        on_progress=on_progress,
    ):
        origin = origin_of(record)
        if since_ms is not None and origin.offset < first.get(origin.partition, 0):
            continue  # an answer to what came before
        if step is None or step.origin != origin:
            if step is not None:
                yield step
            step = Step(origin)
        step.take(record)
    if step is not None:
        yield step


def origin_of(record: TopicRecord) -> Origin:
    """The input that a record is, or stems from."""
    place: list[str | None]
    match record.partition.topic:
        case topics.VERDICTS | topics.DECISIONS:
            # <input topic>/<partition>/<offset>/<index>
            place = [*(record.header("ce_id") or "").rsplit("/", 3)[1:3]]
        case topics.DEAD_LETTERS:
            place = [record.header(f"biolatch-original-{name}") for name in ("partition", "offset")]
        case _:
            return Origin(record.partition.number, record.offset)
    match place:
        case [str(partition), str(offset)] if partition.isdecimal() and offset.isdecimal():
            return Origin(int(partition), int(offset))
        case _:  # not written by biolatch
            return Origin(record.partition.number, _NOWHERE)


def _order(record: TopicRecord) -> tuple[Any, ...]:
    # The input first, then the topics in the order in which a step is told.
    topic = record.partition.topic
    return origin_of(record), _OUTPUTS.index(topic) if topic in _OUTPUTS else -1, record.offset
