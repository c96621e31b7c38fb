"""What an opening reads behind its fence, and what must still be so when the partition stays.

Owns the step from a fenced session to rows and a position. Must never write.
"""

import asyncio
from dataclasses import dataclass

from agents.lane.endings import Interrupted, Parked
from agents.lane.log import LaneLog, LogFailure, Session
from agents.lane.port import BatchHandler, Partition, UnkeyedHandler
from agents.lane.position import POSITION_KEY
from agents.lane.rows import LaneRows
from agents.lane.start import Unservable, starting_position
from agents.lane.status import LaneStatus
from agents.lane.wording import OperatorCommands


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What an opening brought.

    Attributes:
        session: the fenced session.
        rows: the partition's rows, reserved keys included.
        position: the input offset to go on from.
        partition_count: of the input topic.
        changelog_end: the changelog's end offset.
    """

    session: Session
    rows: LaneRows
    position: int
    partition_count: int
    changelog_end: int


async def read_behind_the_fence(
    session: Session,
    log: LaneLog,
    partition: Partition,
    handler: BatchHandler,
    status: LaneStatus,
    commands: OperatorCommands,
) -> Opened:
    """Read the rows and the position, and write into the status what that brought.

    Raises:
        LogFailure: the log failed.
        Parked: the position cannot be served.
    """
    restored = await session.restore(status.recovers)
    bounds = await log.bounds()
    rows = restored.rows
    # One that is empty may be so because the input has grown: the others tell.
    elsewhere = await session.value_elsewhere(POSITION_KEY) if rows.is_empty() else None
    try:
        position = starting_position(
            partition,
            rows,
            bounds,
            handler.row_format,
            elsewhere=elsewhere,
            is_keyed=not isinstance(handler, UnkeyedHandler),
        )
    except Unservable as error:
        reason = str(error)
        if error.is_resettable and commands.reset is not None:
            reason += f" (`{commands.reset} {partition.number}`)"
        raise Parked(reason, restored.end) from error
    status.openings += 1
    status.recovers(0)
    # The position is none; without one there is nothing, or the partition would not be served.
    status.restored_rows = status.rows = max(0, len(rows) - 1)
    status.restored_records = restored.records_read
    status.position = position
    return Opened(
        session=session,
        rows=rows,
        position=position,
        partition_count=bounds.partition_count,
        changelog_end=restored.end,
    )


async def require_same_input(opened: Opened, log: LaneLog, within_s: float) -> None:
    """Raise if the input has more partitions than when the session was opened: keys have moved.

    Raises:
        LogFailure: the log failed, or did not answer within that time.
        Interrupted: it has; opening anew says what to do.
    """
    try:
        async with asyncio.timeout(within_s):
            bounds = await log.bounds()
    except TimeoutError as error:
        raise LogFailure("the log does not say what the input holds") from error
    if bounds.partition_count != opened.partition_count:
        raise Interrupted
