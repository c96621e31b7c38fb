"""Records of a batch, some at a time, while those behind them are being prepared.

Owns how far preparing runs ahead of deciding. Invariant: records come in their order, each once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from agents.lane.port import BatchHandler, InputRecord, PreparingHandler, Rows

_AHEAD: Final = 4
"""How many times some records are being prepared: while one is decided, others have work."""

_Some: TypeAlias = Sequence[InputRecord]


class Ahead:
    """Hands out what `parse` returns, as prepared by the handler; to be closed afterwards."""

    def __init__(self, handler: BatchHandler, rows: Rows, parse: Callable[[], _Some]) -> None:
        """Begin with nothing; `parse` returns the next records, and none at the end."""
        self._rows: Final = rows
        self._prepare: Final = handler.prepare if isinstance(handler, PreparingHandler) else None
        self._parse: Final = parse
        self._coming: Final[deque[_Some | asyncio.Future[_Some]]] = deque()

    async def next(self) -> _Some:
        """The next records; none at the end.

        Raises:
            Exception: whatever `parse` raises, and before what was parsed earlier is handed out.
        """
        if self._prepare is None:
            return self._parse()
        while len(self._coming) < _AHEAD and (some := self._parse()):
            preparing = self._prepare(self._rows, some)
            self._coming.append(some if preparing is None else preparing)
            if preparing is None or preparing.done():
                break  # what was looked at last is decided fastest
            await asyncio.sleep(0)
        if not self._coming:
            return ()
        first = self._coming.popleft()
        return await first if isinstance(first, asyncio.Future) else first

    def close(self) -> None:
        """Give up what was not handed out."""
        while self._coming:
            coming = self._coming.popleft()
            if isinstance(coming, asyncio.Future):
                coming.cancel()
