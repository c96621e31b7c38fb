"""A file or standard input in pieces, read beside the event loop."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator
from typing import Final

_PIECE_BYTES: Final = 128 * 1024
"""Some 400 events, 10 ms of work; a pipe gives what it has, so nothing waits for more."""


async def pieces_of(descriptor: int) -> AsyncGenerator[bytes]:
    """What the descriptor gives until it ends.

    Raises:
        OSError: it cannot be read.
    """
    while piece := await _read(descriptor):
        yield piece


async def _read(descriptor: int) -> bytes:
    """One read in a thread of its own.

    A read of standard input cannot be called back. The threads of the event loop's own executor
    are waited for at the end of the program, so Ctrl-C would hang there until the next line; a
    daemon is left behind.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[bytes] = loop.create_future()

    def settle(piece: bytes, error: OSError | None) -> None:
        if arrived.done():
            return
        if error is None:
            arrived.set_result(piece)
        else:
            arrived.set_exception(error)

    def read() -> None:
        piece, failure = b"", None
        try:
            piece = os.read(descriptor, _PIECE_BYTES)
        except OSError as error:
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, piece, failure)

    threading.Thread(target=read, name="read-lines", daemon=True).start()
    return await arrived
