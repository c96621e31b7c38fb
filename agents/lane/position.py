"""The position record: where a lane goes on, written in the same transaction as its rows.

Owns the record under `POSITION_KEY` in every changelog partition. The group's committed offsets
serve lag tools only: they expire, and nothing ties them to the rows.
"""

import json
from typing import NamedTuple, cast

from agents.lane.port import RESERVED_KEY_PREFIX

POSITION_KEY = RESERVED_KEY_PREFIX + b"position"


class UnreadablePosition(Exception):  # noqa: N818 - names the thing, as the other refusals do
    """A position record that no version of this code has written."""


class Position(NamedTuple):
    """Where a partition's rows stand.

    Attributes:
        topic: the input topic.
        next_offset: the first offset that is not yet in the rows.
        partition_count: how many partitions the input had: with another count, keys live elsewhere.
        row_format: the newest row format that may be among the rows.
    """

    topic: str
    next_offset: int
    partition_count: int
    row_format: int

    def encode(self) -> bytes:
        """Return the record's value."""
        return json.dumps(self._asdict(), separators=(",", ":")).encode()


def decode_position(value: bytes) -> Position:
    """Read a record's value; fields that a newer version added are ignored.

    Raises:
        UnreadablePosition: it is not a position record.
    """
    try:
        fields = cast("object", json.loads(value))
    except (ValueError, RecursionError) as error:  # the latter: nested too deep
        raise UnreadablePosition("the position record is not JSON") from error
    match fields:
        case {
            "topic": str(topic),
            "next_offset": int(next_offset),
            "partition_count": int(partition_count),
            "row_format": int(row_format),
        } if bool not in map(type, (next_offset, partition_count, row_format)):
            return Position(topic, next_offset, partition_count, row_format)
        case _:
            raise UnreadablePosition("the position record lacks a field, or one has a wrong type")
