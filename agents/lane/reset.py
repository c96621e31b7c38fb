"""An operator's decision where a partition goes on: the position that a lane must not guess.

Owns the write of such a decision. It is a lane's own kind of write, as `agents.lane.skip` is: a
session behind a fence, and a transaction with the position and the group's offset. Where the input
is another log than the rows know, rows are changed in the same transaction: all of it, or nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from agents.lane.log import Bounds, LaneLog
from agents.lane.port import BatchResult, Partition
from agents.lane.position import POSITION_KEY, Position, UnreadablePosition, decode_position
from agents.lane.rows import MemoryRows
from agents.lane.start import Unservable, starting_position

RowsAsOf: TypeAlias = Callable[[Mapping[bytes, bytes], int], Iterable[tuple[bytes, bytes]]]
"""Rows and an offset to those rows, changed, that know of this offset or of later ones."""


class NotResettable(Exception):  # noqa: N818 - a state of the partition, not a mistake in a call
    """Another position would not help, or the input has no such offset; the message says why."""


class Standing(NamedTuple):
    """Where a partition stands.

    Attributes:
        next_offset: by its position record; None where there is none that can be read.
        bounds: what its input holds.
        unservable: why no lane may serve it; None where one may.
    """

    next_offset: int | None
    bounds: Bounds
    unservable: str | None

    @property
    def is_of_another_log(self) -> bool:
        """Whether rows may know of offsets that the input gives out again.

        It was made anew, or has lost its end; which of the two, the log does not tell.
        """
        return self.next_offset is not None and self.next_offset > self.bounds.end


def standing(
    partition: Partition,
    rows: MemoryRows,
    bounds: Bounds,
    row_format: int,
    *,
    elsewhere: bytes | None,
) -> Standing:
    """Say where a partition stands; arguments as of `agents.lane.start.starting_position`.

    Raises:
        NotResettable: what keeps it from being served is not where it stands.
    """
    position = _position(rows.get(POSITION_KEY))
    of_layout = position if position is not None else _position(elsewhere)
    if of_layout is not None and of_layout.partition_count != bounds.partition_count:
        raise NotResettable(
            f"the input has {bounds.partition_count} partitions and the rows were made with "
            f"{of_layout.partition_count}, so keys have moved, and another position would not "
            "bring them back; run `biolatch topics repartition`"
        )
    if position is not None and position.topic != partition.topic:
        raise NotResettable(f"the rows stem from topic {position.topic}")
    if position is not None and position.row_format > row_format:
        raise NotResettable(
            f"the rows have format {position.row_format} and this version reads up to "
            f"{row_format}; use the newer version"
        )
    unservable: str | None = None
    try:
        starting_position(partition, rows, bounds, row_format, elsewhere=elsewhere)
    except Unservable as error:
        unservable = str(error)
    return Standing(None if position is None else position.next_offset, bounds, unservable)


def require_within(bounds: Bounds, offset: int) -> None:
    """Refuse an offset that a lane could not start at.

    Raises:
        NotResettable: the input has no such place.
    """
    if not bounds.start <= offset <= bounds.end:
        raise NotResettable(
            f"the input holds the offsets from {bounds.start} to {bounds.end}; {offset} is not "
            "among them"
        )


async def reset(
    log: LaneLog, partition: Partition, offset: int, *, row_format: int, as_of: RowsAsOf
) -> Standing:
    """Let a partition go on at an offset; return where it stood.

    Args:
        log: the partition's log.
        partition: the input partition.
        offset: the first record that is decided from now on.
        row_format: the newest row format that can be read and written.
        as_of: makes rows that know of offsets of another log know of none from `offset` on;
            otherwise they would take new records for old ones.

    Raises:
        NotResettable: nothing was written.
        LogFailure: the log failed; ask again whether it took effect.
    """
    session = await log.open()
    try:
        restored = await session.restore()
        rows = restored.rows
        if not isinstance(rows, MemoryRows):
            raise TypeError("an operator's command keeps no rows on disk")
        bounds = await log.bounds()
        elsewhere = await session.value_elsewhere(POSITION_KEY) if rows.is_empty() else None
        stood = standing(partition, rows, bounds, row_format, elsewhere=elsewhere)
        require_within(bounds, offset)
        composition = session.compose()
        if stood.is_of_another_log:
            # In the position's own transaction: a lane that waits for an operator opens again, and
            # fences whoever is not done, as soon as it sees anything new.
            composition.add(BatchResult(outgoing={}, rows=dict(as_of(rows, offset))))
        position = Position(partition.topic, offset, bounds.partition_count, row_format)
        await composition.complete({POSITION_KEY: position.encode()}, offset).commit()
    finally:
        await session.close()
    return stood


def _position(value: bytes | None) -> Position | None:
    try:
        return None if value is None else decode_position(value)
    except UnreadablePosition:
        return None
