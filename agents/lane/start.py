"""Where an opened lane starts, or why it must not.

Owns the checks between what the changelog says and what the input holds. Must never repair: a
position that cannot be served waits for an operator, because every guess loses or repeats events.
"""

from agents.lane.log import Bounds
from agents.lane.port import Partition
from agents.lane.position import POSITION_KEY, Position, UnreadablePosition, decode_position
from agents.lane.rows import LaneRows


class Unservable(Exception):  # noqa: N818 - a state of the partition, not a mistake in a call
    """A partition that must not be served until an operator has decided; the message says why.

    Attributes:
        is_resettable: whether another position would do, and the message asks for it at its end.
    """

    def __init__(self, message: str, *, is_resettable: bool = False) -> None:
        super().__init__(message)
        self.is_resettable = is_resettable


def starting_position(
    partition: Partition,
    rows: LaneRows,
    bounds: Bounds,
    row_format: int,
    *,
    elsewhere: bytes | None = None,
    is_keyed: bool = True,
) -> int:
    """Return the input offset to go on from, by the position record among the rows.

    A partition without rows and without a position is new and starts where its input starts;
    unless it is new because the input has grown: its keys have their rows elsewhere.

    Args:
        partition: the input partition.
        rows: what its changelog holds.
        bounds: what its input holds.
        row_format: the newest row format that can be read.
        elsewhere: the position record of another partition, to be given for one that is empty.
        is_keyed: whether rows are about keys, which live elsewhere under another partition count.

    Raises:
        Unservable: rows and input do not belong together.
    """
    value = rows.get(POSITION_KEY)
    if value is None:
        if not rows.is_empty():
            raise Unservable(
                "the changelog holds rows and no position; "
                "restore the changelog topic, or empty it to start this partition from nothing"
            )
        if elsewhere is not None and is_keyed:
            _require_same_count(_decoded(elsewhere), bounds)
        return bounds.start
    position = _decoded(value)
    if position.topic != partition.topic:
        raise Unservable(
            f"the rows stem from topic {position.topic}; "
            "give this application another name, or read that topic"
        )
    if position.row_format > row_format:
        raise Unservable(
            f"the rows have format {position.row_format} and this version reads up to "
            f"{row_format}; run the newer version here"
        )
    if is_keyed:
        _require_same_count(position, bounds)
    if position.next_offset < bounds.start:
        raise Unservable(
            f"the position {position.next_offset} lies before the input's first offset "
            f"{bounds.start}: events were deleted before they were read; "
            "lengthen the input's retention, and decide where to go on",
            is_resettable=True,
        )
    if position.next_offset > bounds.end:
        raise Unservable(
            f"the position {position.next_offset} lies behind the input's end {bounds.end}: "
            "the input was truncated or made anew; restore it, or decide where to go on",
            is_resettable=True,
        )
    return position.next_offset


def _decoded(value: bytes) -> Position:
    try:
        return decode_position(value)
    except UnreadablePosition as error:
        raise Unservable(f"{error}; restore the changelog topic") from error


def _require_same_count(position: Position, bounds: Bounds) -> None:
    if position.partition_count != bounds.partition_count:
        raise Unservable(
            f"the input has {bounds.partition_count} partitions and the rows were made with "
            f"{position.partition_count}, so keys have moved; run `biolatch topics repartition`"
        )
