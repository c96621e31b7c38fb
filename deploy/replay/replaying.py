"""Publishing dead letters again, each once: whoever does it, whatever is killed when.

Owns the order of things. First the transactional id is taken, which ends every other replay and
settles what it had begun; then the input is read to its end for the marks of earlier replays; only
then something is written, chunk by chunk, each with its marks in one transaction. So between the
look and the write nobody else can replay, and what a killed replay had written is seen by the next.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, NamedTuple

from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged, untold
from deploy.records.topic_record import TopicRecord
from deploy.records.transactional_writer import TransactionalWriter, Write
from deploy.records.whole_topics import whole_spans
from deploy.replay.letters import Fate, Original, Selection, original_of, place_of
from schemas.input_marks import REPLAY_OF_HEADER
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS

_CHUNK_RECORDS_MAX: Final = 500
_CHUNK_BYTES_MAX: Final = 4 * 1024 * 1024
_TRANSACTION_TIMEOUT_S: Final = 60.0


class Replay(NamedTuple):
    """A dead letter, what became of it, and what it is as a record of the input."""

    letter: TopicRecord
    fate: Fate
    original: Original | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be replayed.

    Attributes:
        application: begins the transactional id, as it does the lanes'.
        selection: which letters.
        since_ms: letters that were not written before it; None for all.
        oldest_ms: letters written before it are refused; None where the input keeps everything.
        dry_run: look, and publish nothing.
    """

    application: str
    selection: Selection
    since_ms: int | None
    oldest_ms: int | None
    dry_run: bool


Published = Callable[[int, int], None]
"""Told after each chunk how many letters are published, and of how many."""


async def replay(
    connection: Connection,
    task: Task,
    *,
    on_progress: ScanProgress = untold,
    on_published: Published = untold,
) -> list[Replay]:
    """Publish the letters again that may be, in the order in which they were written.

    Raises:
        TransientFailure: Kafka stopped answering; what was published is marked, so that the same
            command goes on behind it.
        Misconfigured: a topic or a right is missing, or Kafka refuses.
    """
    async with AsyncExitStack() as opened:
        writer: TransactionalWriter | None = None
        if not task.dry_run:
            writer = await opened.enter_async_context(
                TransactionalWriter(
                    connection,
                    # Within what the rights of lanes cover; no partition has this name.
                    f"{task.application}-{DEVICE_EVENTS}-replay",
                    transaction_timeout_s=_TRANSACTION_TIMEOUT_S,
                )
            )
        reader = await opened.enter_async_context(TopicReader(connection))
        letters = await _selected(reader, task, on_progress)
        count = len(await reader.partitions(DEVICE_EVENTS))
        done = await _replayed_before(connection, reader, letters, on_progress)
        replays = [_replay(letter, task, count, done) for letter in letters]
        due = [_write(letter, found) for letter, _, found in replays if found is not None]
        if writer is not None:
            published = 0
            for chunk in _chunks(due):
                await writer.commit(chunk)
                published += len(chunk)
                on_published(published, len(due))
    return replays


async def _selected(
    reader: TopicReader, task: Task, on_progress: ScanProgress
) -> list[TopicRecord]:
    spans = await reader.spans(await reader.partitions(DEAD_LETTERS))
    wanted = await reader.since(spans, task.since_ms)
    return [
        letter
        async for letter in merged(reader, wanted, on_progress=on_progress)
        if task.selection.has(letter)
    ]


async def _replayed_before(
    connection: Connection,
    reader: TopicReader,
    letters: Sequence[TopicRecord],
    on_progress: ScanProgress,
) -> set[str]:
    """The places of those letters that the input names as replayed.

    Read to the very end: what stands behind somebody's open transaction is waited for.
    """
    if not letters:
        return set()
    oldest_ms = min(letter.timestamp_ms for letter in letters)
    ends = await whole_spans(connection, DEVICE_EVENTS)
    since = await reader.since(ends, oldest_ms)
    wanted = {place_of(letter) for letter in letters}
    found: set[str] = set()
    async for record in merged(reader, since, on_progress=on_progress):
        mark = record.header(REPLAY_OF_HEADER)
        if mark in wanted:
            found.add(mark)
    return found


def _replay(letter: TopicRecord, task: Task, partition_count: int, done: set[str]) -> Replay:
    if place_of(letter) in done:
        return Replay(letter, Fate.ALREADY_REPLAYED, None)
    found = original_of(letter, partition_count=partition_count, oldest_ms=task.oldest_ms)
    if isinstance(found, Fate):
        return Replay(letter, found, None)
    return Replay(letter, Fate.PUBLISHED, found)


def _write(letter: TopicRecord, original: Original) -> Write:
    return Write(
        Partition(DEVICE_EVENTS, original.partition),
        original.key,
        original.value,
        original.headers,
        letter.timestamp_ms,
    )


def _chunks(records: Iterable[Write]) -> Iterator[list[Write]]:
    """In order, each small enough for a transaction."""
    chunk: list[Write] = []
    size = 0
    for record in records:
        length = len(record.value or b"")
        if chunk and (len(chunk) == _CHUNK_RECORDS_MAX or size + length > _CHUNK_BYTES_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += length
    if chunk:
        yield chunk
