"""Just enough of Kafka's framing for a proxy: which answer belongs to which kind of request.

Every request and answer is a four-byte length and that many bytes. A request begins with the number
of its kind, its version, and a correlation id, with which the answer begins.
"""

import asyncio
import struct
from enum import IntEnum

_LENGTH = struct.Struct(">i")
_REQUEST = struct.Struct(">hhi")


class Kind(IntEnum):
    """Requests that a proxy treats in a special way."""

    PRODUCE = 0
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    TXN_OFFSET_COMMIT = 28


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame with its length; IncompleteReadError at the end of the stream."""
    head = await reader.readexactly(_LENGTH.size)
    (length,) = _LENGTH.unpack(head)
    return head + await reader.readexactly(length)


def kind_of_request(frame: bytes) -> int:
    """The number of a request's kind."""
    kind: int = _REQUEST.unpack_from(frame, _LENGTH.size)[0]
    return kind


def correlation_of_request(frame: bytes) -> int:
    """What the answer will begin with."""
    correlation: int = _REQUEST.unpack_from(frame, _LENGTH.size)[2]
    return correlation


def correlation_of_answer(frame: bytes) -> int:
    """Which request it answers."""
    correlation: int = _LENGTH.unpack_from(frame, _LENGTH.size)[0]
    return correlation
