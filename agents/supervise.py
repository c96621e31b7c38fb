"""Runs a worker's main coroutine: the one place that says what follows from each kind of error.

Owns the process's event loop, its signals and its exit code. A broker that is away is waited for;
a setting that is wrong ends the process at once; whatever is our fault ends it loudly, and whoever
started it starts it again.
"""

import asyncio
import gc
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import IntEnum

import structlog
import uvloop

from events.errors import BiolatchError, Misconfigured, TransientFailure

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_PAUSE_S_MIN = 0.5
_PAUSE_S_MAX = 5.0

_COLLECT_AFTER = (100_000, 50, 100)
"""Objects more than before, then young collections per middle one, and those per full one."""

_THREAD_TURN_S = 0.000_5
"""What the thread that fetches may keep the one that commits waiting: Python's own is 5 ms."""

Main = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set; returns after that in good order, or raises."""


class Ending(IntEnum):
    """How a worker's process ends; the numbers are those of the command line."""

    OK = 0
    MISCONFIGURED = 3
    DEFECT = 70


def supervise(main: Main) -> Ending:
    """Run `main` until SIGTERM or SIGINT, again and again while the environment fails it."""
    _tune_interpreter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_supervised(main))


def _tune_interpreter() -> None:
    """Suit the interpreter to batches of thousands of small objects, made and dropped together.

    Measured: with Python's own thresholds, half of a worker's time goes into looking for cycles
    among records that have none.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_THREAD_TURN_S)


async def _supervised(main: Main) -> Ending:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    failures = 0
    while not stop.is_set():
        try:
            await main(stop)
        except TransientFailure as failure:
            pause_s = min(_PAUSE_S_MAX, _PAUSE_S_MIN * 2**failures) * random.uniform(0.5, 1)  # noqa: S311 - spreads restarts, protects nothing
            failures = min(failures + 1, 10)
            _logger.warning(
                "worker.waiting",
                code=failure.code,
                reason=str(failure),
                next_try_in_s=round(pause_s, 1),
            )
            await _set_within(stop, pause_s)
        except Misconfigured as error:
            _logger.error("worker.misconfigured", code=error.code, reason=str(error))  # noqa: TRY400 - the operator's fault has no stack trace
            return Ending.MISCONFIGURED
        except BiolatchError as error:
            _logger.exception("worker.defect", code=error.code)
            return Ending.DEFECT
        except Exception:
            _logger.exception("worker.defect", code="worker.unexpected")
            return Ending.DEFECT
        else:
            break
    _logger.info("worker.ended")
    return Ending.OK


async def _set_within(event: asyncio.Event, pause_s: float) -> None:
    try:
        async with asyncio.timeout(pause_s):
            await event.wait()
    except TimeoutError:
        return
