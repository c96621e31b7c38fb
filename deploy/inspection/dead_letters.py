"""Dead letters: the newest ones, and how many there are of each code."""

from collections import Counter, deque
from collections.abc import Callable
from typing import Final, NamedTuple

from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged
from deploy.records.topic_record import TopicRecord
from schemas.topics import DEAD_LETTERS, TopicName


class DeadLetters(NamedTuple):
    """What the topic holds.

    Attributes:
        newest: the newest letters (of the code that was asked for), the oldest of them first.
        by_code: how many there are of each code, of whatever code.
    """

    newest: tuple[TopicRecord, ...]
    by_code: Counter[str]


NO_CODE: Final = "-"
"""Of a record on the topic that biolatch has not written."""


def code_of(letter: TopicRecord) -> str:
    """Why it is a dead letter."""
    return letter.header("biolatch-error-code") or NO_CODE


async def list_dead_letters(
    reader: TopicReader,
    *,
    topic: TopicName = DEAD_LETTERS,
    limit: int,
    code: str | None,
    kind_of: Callable[[TopicRecord], str] = code_of,
    on_progress: ScanProgress,
) -> DeadLetters:
    """Read the whole topic; holds no more letters than asked for.

    Args:
        reader: reads it.
        topic: of which dead letters.
        limit: how many letters to keep.
        code: keep only letters of this kind; None for all.
        kind_of: what letters are counted by.
        on_progress: told how far it has come.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    spans = await reader.spans(await reader.partitions(topic))
    by_code: Counter[str] = Counter()
    newest: deque[TopicRecord] = deque(maxlen=limit)
    async for letter in merged(reader, spans, on_progress=on_progress):
        letter_code = kind_of(letter)
        by_code[letter_code] += 1
        if code in (None, letter_code):
            newest.append(letter)
    return DeadLetters(tuple(newest), by_code)
