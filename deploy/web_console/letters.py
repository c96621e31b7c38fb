"""Dead letters, read with a bound: the newest of the topic, or one by its place."""

from collections import Counter, deque
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.inspection.dead_letters import code_of
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import merged
from deploy.records.topic_record import Span, TopicRecord
from schemas.topics import DEAD_LETTERS

SHOWN_MAX: Final = 100
_OFFSETS_MAX: Final = 20_000
"""Of the whole topic: it takes less than a second, and who has more has to mend the sender."""


class NewestLetters(NamedTuple):
    """The newest dead letters.

    Attributes:
        letters: the newest first.
        by_code: how many there are of each code, among those that were looked at.
        is_all: whether there are no older ones.
    """

    letters: tuple[TopicRecord, ...]
    by_code: Counter[str]
    is_all: bool


async def newest_letters(connection: Connection, *, code: str) -> NewestLetters:
    """The newest letters, of one code unless that is empty.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    async with TopicReader(connection) as reader:
        spans = await reader.spans(await reader.partitions(DEAD_LETTERS))
        each_max = max(1, _OFFSETS_MAX // len(spans))
        cut = {
            each: Span(max(span.start, span.end - each_max), span.end)
            for each, span in spans.items()
        }
        by_code: Counter[str] = Counter()
        newest: deque[TopicRecord] = deque(maxlen=SHOWN_MAX)
        async for letter in merged(reader, cut):
            by_code[code_of(letter)] += 1
            if code in ("", code_of(letter)):
                newest.append(letter)
    return NewestLetters(tuple(reversed(newest)), by_code, cut == spans)


async def letter_at(connection: Connection, number: int, offset: int) -> TopicRecord | None:
    """The letter of that partition and offset; None where there is none (any more).

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    async with TopicReader(connection) as reader:
        partitions = await reader.partitions(DEAD_LETTERS)
        if number >= len(partitions):
            return None
        partition = Partition(DEAD_LETTERS, number)
        span = (await reader.spans([partition]))[partition]
        if not span.start <= offset < span.end:
            return None
        async for letter in merged(reader, {partition: Span(offset, offset + 1)}):
            return letter
    return None
