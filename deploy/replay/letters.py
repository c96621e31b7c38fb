"""Which dead letters are meant, and what each of them was before it became one; pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from deploy.inspection.dead_letters import code_of
from deploy.records.partitioner import partition_of
from deploy.records.topic_record import TopicRecord
from schemas.dead_letters import (
    TRUNCATED_HEADER,
    UNREADABLE_BATCH_HEADER,
    original_headers,
)
from schemas.input_marks import REPLAY_OF_HEADER
from schemas.plain_inputs import Headers
from schemas.topics import DEVICE_EVENTS

_PLACE_HEADERS: Final = (
    "biolatch-original-topic",
    "biolatch-original-partition",
    "biolatch-original-offset",
)


class Fate(StrEnum):
    """What becomes of a dead letter that was asked for."""

    PUBLISHED = "published"
    ALREADY_REPLAYED = "already_replayed"
    TRUNCATED = "truncated"
    BATCH_UNREADABLE = "batch_unreadable"
    KEY_MISSING = "key_missing"
    NOT_OF_THE_INPUT = "not_of_the_input"
    TOO_OLD = "too_old"


MEANINGS: Final = {
    Fate.PUBLISHED: "published again",
    Fate.ALREADY_REPLAYED: "was published again before",
    Fate.TRUNCATED: "refused: it was too large to be kept whole, so the original is not known",
    Fate.BATCH_UNREADABLE: "refused: its batch could not be unpacked, so the original is not known",
    Fate.KEY_MISSING: "refused: without a key nobody can tell whose event it is",
    Fate.NOT_OF_THE_INPUT: "refused: it does not say that it was a record of the input",
    Fate.TOO_OLD: "refused: it is older than what the input keeps, so nobody can tell whether it "
    "was published again before",
}
"""In words for operators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which letters are meant; None and an open end leave everything in.

    Attributes:
        code: their error code.
        partition: the partition in which the original stood.
        from_offset: the first offset of an original in its partition.
        to_offset: the last one.
        until_ms: letters that were written before it (ms since 1970).
        key: the original's key.
    """

    code: str | None = None
    partition: int | None = None
    from_offset: int | None = None
    to_offset: int | None = None
    until_ms: int | None = None
    key: bytes | None = None

    def has(self, letter: TopicRecord) -> bool:
        """Whether this letter is meant."""
        place = original_place(letter)
        offset = None if place is None else place.offset
        return (
            self.code in (None, code_of(letter))
            and (self.partition is None or (place or _NOWHERE).partition == self.partition)
            and (self.from_offset is None or (offset is not None and offset >= self.from_offset))
            and (self.to_offset is None or (offset is not None and offset <= self.to_offset))
            and (self.until_ms is None or letter.timestamp_ms < self.until_ms)
            and self.key in (None, letter.key)
        )


class OriginalPlace(NamedTuple):
    """Where a letter says that the original stood."""

    topic: str
    partition: int
    offset: int


_NOWHERE: Final = OriginalPlace("", -1, -1)


class Original(NamedTuple):
    """A record of the input, as it was published, and marked as a replay.

    Attributes:
        partition: where its key belongs by now.
        key, value, headers: what its publisher sent; behind the headers, whose replay it is.
    """

    partition: int
    key: bytes
    value: bytes | None
    headers: Headers


def original_place(letter: TopicRecord) -> OriginalPlace | None:
    """Where the original stood; None where the letter does not say it."""
    topic, partition, offset = (letter.header(name) for name in _PLACE_HEADERS)
    if topic is None or not (partition or "").isdecimal() or not (offset or "").isdecimal():
        return None
    return OriginalPlace(topic, int(partition or ""), int(offset or ""))


def place_of(letter: TopicRecord) -> str:
    """How a replayed record names its letter."""
    return f"{letter.partition}/{letter.offset}"


def original_of(
    letter: TopicRecord, *, partition_count: int, oldest_ms: int | None
) -> Original | Fate:
    """What a letter was, to be published again; or why it must not be.

    Args:
        letter: the dead letter.
        partition_count: how many partitions the input has.
        oldest_ms: how old a letter may be (ms since 1970); None where the input keeps everything.
    """
    place = original_place(letter)
    if place is None or place.topic != DEVICE_EVENTS:
        return Fate.NOT_OF_THE_INPUT
    if any(name == UNREADABLE_BATCH_HEADER for name, _ in letter.headers):
        return Fate.BATCH_UNREADABLE
    if any(name == TRUNCATED_HEADER for name, _ in letter.headers):
        return Fate.TRUNCATED
    if letter.key is None:
        return Fate.KEY_MISSING
    if oldest_ms is not None and letter.timestamp_ms < oldest_ms:
        return Fate.TOO_OLD
    return Original(
        partition_of(letter.key, partition_count),
        letter.key,
        letter.value,
        [*original_headers(letter.headers), (REPLAY_OF_HEADER, place_of(letter).encode())],
    )
