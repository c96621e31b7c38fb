"""Work that a signal ends early, and in good order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


async def until_signal(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do the work; the first signal cancels it, later ones cannot hurry its clearing up.

    Raises:
        asyncio.CancelledError: a signal ended it.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def cancel() -> None:
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, cancel)
    return await task
