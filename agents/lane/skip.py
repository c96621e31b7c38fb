"""An operator's decision about a parked partition: the record goes to the dead letters.

Owns the one write that anybody but a lane makes. It is a lane's own kind of write: a session
behind a fence, and one transaction with the dead letter and the position behind the record. So it
is done once or not at all, survives every restart, and a lane that still serves only opens anew.
The parked lane sees its changelog's end move, and goes on.
"""

from agents.lane.log import LaneLog
from agents.lane.port import BatchHandler, InputRecord, Partition, UnkeyedHandler
from agents.lane.position import POSITION_KEY, Position
from agents.lane.start import starting_position


class NotNext(Exception):  # noqa: N818 - a state of the partition, not a mistake in a call
    """The record is not the one that the partition stands at.

    Attributes:
        next_offset: the record that it stands at; None when there is none.
    """

    def __init__(self, next_offset: int | None) -> None:
        super().__init__(
            "the partition stands at no record"
            if next_offset is None
            else f"the partition stands at offset {next_offset}"
        )
        self.next_offset = next_offset


async def skip(
    log: LaneLog,
    handler: BatchHandler,
    partition: Partition,
    offset: int,
    *,
    code: str,
    message: str,
) -> InputRecord:
    """Send the record that the partition stands at to the dead letters, undecided; return it.

    Args:
        log: the partition's log.
        handler: turns the record into its dead letter.
        partition: the input partition.
        offset: the record's offset, as the parked lane states it.
        code: the dead letter's error code.
        message: the dead letter's error message.

    Raises:
        NotNext: the partition does not stand at that record; nothing was written.
        Unservable: rows and input do not belong together; nothing was written.
        LogFailure: the log failed; ask again whether it took effect.
        LogRefusal: the log does not take the dead letter; nothing was written.
    """
    session = await log.open()
    try:
        restored = await session.restore()
        bounds = await log.bounds()
        is_new = restored.rows.is_empty()
        elsewhere = await session.value_elsewhere(POSITION_KEY) if is_new else None
        position = starting_position(
            partition,
            restored.rows,
            bounds,
            handler.row_format,
            elsewhere=elsewhere,
            is_keyed=not isinstance(handler, UnkeyedHandler),
        )
        record = await log.first_record(position) if position < bounds.end else None
        if record is None or record.offset != offset:
            raise NotNext(None if record is None else record.offset)
        result = handler.dead_letter(partition, record, code, message)
        behind = Position(partition.topic, offset + 1, bounds.partition_count, handler.row_format)
        composition = session.compose()
        composition.add(result)
        await composition.complete({POSITION_KEY: behind.encode()}, offset + 1).commit()
    finally:
        await session.close()
    return record
