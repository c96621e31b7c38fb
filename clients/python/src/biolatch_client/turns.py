"""Turns by key: who comes first goes first, and different keys do not wait for each other."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final


class Turns:
    """First come, first served, for each key."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: Final[dict[bytes, deque[asyncio.Future[None]]]] = {}

    @asynccontextmanager
    async def of(self, key: bytes) -> AsyncGenerator[None]:
        """Inside, it is the caller's turn."""
        queue = self._waiting.get(key)
        if queue is None:
            self._waiting[key] = deque()
        else:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            queue.append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._next(key)  # it had just become ours
                raise
        try:
            yield
        finally:
            self._next(key)

    def _next(self, key: bytes) -> None:
        queue = self._waiting[key]
        while queue:
            following = queue.popleft()
            if not following.done():
                following.set_result(None)
                return
        del self._waiting[key]
