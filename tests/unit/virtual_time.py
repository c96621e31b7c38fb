"""An event loop whose time jumps to the next timer as soon as nothing else is left to do.

What waits for seconds in it takes none, and the same code takes the same steps each time.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class NothingToDo(Exception):  # noqa: N818 - a state of the loop
    """Everybody waits for somebody else, for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # Nobody is asked whether something has come in: nothing comes from outside.
        if timeout is None:
            raise NothingToDo
        self.now_s += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now_s


def in_virtual_time(scenario: Coroutine[Any, Any, Result]) -> Result:
    """Run a scenario to its end."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(scenario)
