"""Verifying many signatures at once, in processes of their own.

Owns those processes: how many, when they begin and when they end. Threads of the worker would do
as long as nothing else ran in it, but each of them needs the interpreter's lock after every single
signature, and waits for whoever decides events meanwhile. A process that dies costs time only.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final

import structlog

from agents.verification import Signed, wrong_of

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ELSEWHERE_FROM: Final = 8
"""Fewer signatures are verified here: that takes half a millisecond, as does asking for it."""


class VerificationProcesses:
    """Runs verifications; used from one thread only."""

    def __init__(self, processes: int | None = None) -> None:
        """Prepare; no process is started before it is needed.

        Args:
            processes: as many as there are processors, if not given; 0: verify everything here.
        """
        self._count: Final = (os.cpu_count() or 1) if processes is None else processes
        self._pool: ProcessPoolExecutor | None = None

    async def wrong_of(self, some: Sequence[Signed]) -> Sequence[int]:
        """The places of those whose signature is wrong, as `agents.verification.wrong_of`."""
        if len(some) < ELSEWHERE_FROM or not self._count:
            return wrong_of(some)
        try:
            # As columns: they are pickled in a fifth of the time, which deciding waits for.
            columns = zip(*some, strict=True)
            return await asyncio.wrap_future(self._running().submit(_wrong_of, *columns))
        except BrokenProcessPool:
            _logger.warning("verification.process-died")
            self._pool = None
            return wrong_of(some)

    def close(self) -> None:
        """End the processes; what they were doing is given up."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: this process has threads, and connections that nobody else may hold.
            self._pool = ProcessPoolExecutor(
                self._count, multiprocessing.get_context("spawn"), initializer=_begin
            )
        return self._pool


def _wrong_of(*columns: Sequence[Any]) -> list[int]:
    return wrong_of([Signed(*row) for row in zip(*columns, strict=True)])


def _begin() -> None:
    """End with the worker and not before it, however it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)
