"""Reading a changelog partition to its end, as fast as Python can: rows stay bytes.

Owns the one read that an opening waits for. It fetches by itself, over a client that is connected
already, and takes keys and values straight out of aiokafka's compiled record batches: a consumer
makes an object of eleven fields for each record, which costs as much as all the rest. Invariant:
`read_committed`, as `aiokafka.consumer.fetcher` does it: what was aborted leaves nothing.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    LeaderNotAvailableError,
    UnknownError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.control_record import ABORT_MARKER, ControlRecord
from aiokafka.record.memory_records import MemoryRecords

from agents.lane.log import untold
from agents.lane.port import Partition
from agents.lane.rows import LaneRows

_BYTES_MAX: Final = 1024 * 1024
"""How much is fetched at once: some 3 ms of parsing, in which nothing else runs. A larger batch
comes whole all the same."""

_WAIT_MS: Final = 50
"""How long a fetch waits for data that is not there yet."""

Aborted = Sequence[tuple[int, int]]
"""Producer id and first offset of the aborted transactions in what was fetched."""


async def read_changelog(
    client: Any,
    partition: Partition,
    start: int,
    end: int,
    rows: LaneRows,
    on_progress: Callable[[int], None] = untold,
) -> int:
    """Read from `start` until the position is at `end` into `rows`; wait if it is not there yet.

    Returns how many records that were.

    Args:
        client: a connected aiokafka client that knows the topic.
        partition: the changelog partition.
        start: its first offset.
        end: its end offset, open transactions included.
        rows: are given what is committed, fetch by fetch.
        on_progress: told after each fetch how many offsets are left.

    Raises:
        aiokafka.errors.KafkaError: it could not be read.
    """
    records_read = 0
    position = start
    while position < end:
        fetched, aborted = await _fetch(client, partition, position)
        changes: dict[bytes, bytes | None] = {}
        read, position = take_fetched(fetched, aborted, changes, position)
        records_read += read
        rows.restore(changes, position)
        on_progress(max(0, end - position))
    return records_read


def take_fetched(
    fetched: bytes, aborted: Aborted, changes: dict[bytes, bytes | None], position: int
) -> tuple[int, int]:
    """Put committed records from the position on into the changes.

    Returns how many those were, and the position behind them.

    Raises:
        aiokafka.errors.CorruptRecordException: the bytes are no record batches.
        aiokafka.errors.KafkaError: something else is wrong with them.
    """
    records_read = 0
    try:
        for batch, readable in _batches(fetched, aborted):
            if readable:
                records_read += _collect(batch, changes, position)
            position = batch.next_offset
    except KafkaError:
        raise
    except Exception as error:  # aiokafka's parsers and the codecs raise whatever they meet
        raise CorruptRecordException(f"{type(error).__name__}: {error}") from error
    return records_read, position


async def _fetch(client: Any, partition: Partition, position: int) -> tuple[Any, Aborted]:
    leader = client.cluster.leader_for_partition(TopicPartition(*partition))
    if leader is None or leader == -1:
        raise LeaderNotAvailableError
    wanted = [(partition.topic, [(partition.number, position, _BYTES_MAX)])]
    response = await client.send(
        leader, FetchRequest(_WAIT_MS, 1, _BYTES_MAX, READ_COMMITTED, wanted, rack_id="")
    )
    if not response.topics:  # it failed as a whole, which later versions have a code for
        raise UnknownError
    # One partition was asked for. Fields are named by position: version 11 has one more.
    [(_topic, [(_number, error_code, _high_watermark, *more)])] = response.topics
    if error_code:
        client.force_metadata_update()
        raise for_code(error_code)
    aborted = more[2] if response.API_VERSION >= 11 else more[-2]  # noqa: PLR2004 - as said
    return more[-1], aborted or ()


def _batches(fetched: bytes, aborted: Aborted) -> Iterator[tuple[Any, bool]]:
    """Yield each whole record batch, and whether readers of committed data see its records."""
    to_come = deque(sorted(aborted, key=lambda transaction: transaction[1]))
    aborting: set[int] = set()
    batches = MemoryRecords(fetched)
    while (batch := cast("Any", batches.next_batch())) is not None:
        if not batch.validate_crc():
            raise CorruptRecordException
        while to_come and to_come[0][1] <= batch.base_offset:
            aborting.add(to_come.popleft()[0])
        if batch.is_control_batch:
            if ControlRecord.parse(next(batch).key) == ABORT_MARKER:
                aborting.discard(batch.producer_id)
            yield batch, False
        else:
            yield batch, not (batch.is_transactional and batch.producer_id in aborting)


def _collect(batch: Any, changes: dict[bytes, bytes | None], position: int) -> int:
    """Put the batch's records from the position on into the changes; return how many there are."""
    records_read = 0
    for record in batch:
        if record.offset < position:  # a batch comes whole, also when its middle was asked for
            continue
        records_read += 1
        changes[record.key or b""] = record.value
    return records_read
