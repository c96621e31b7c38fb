"""From an input record that a lane cannot decide to its dead letter."""

from agents.lane.port import InputRecord, OutgoingRecord, Partition
from schemas.dead_letters import Origin, dead_letter


def letter_of(partition: Partition, record: InputRecord, code: str, message: str) -> OutgoingRecord:
    """The dead letter of a record of this partition; see `schemas.dead_letters`."""
    return dead_letter(
        record.key,
        record.value,
        record.headers,
        origin=Origin(partition.topic, partition.number, record.offset, record.timestamp),
        code=code,
        message=message,
    )
