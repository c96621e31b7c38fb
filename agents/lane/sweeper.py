"""Sweeping a store: what was deleted or replaced leaves its files, not only the sight of readers.

Owns when that happens: in a thread of its own, once in an interval at most, and only after
something was written. When a store was swept last stands on the disk, so that it is swept in time
however often workers come and go. Must never hold up a lane: its store is read and written
meanwhile, and a sweep that is under way when the store closes is called off.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SWEPT_FILE: Final = "SWEPT"
"""In a store's folder; its time of change is that of the last sweep."""


class Sweeper:
    """Sweeps one store until it is stopped."""

    def __init__(
        self,
        folder: Path,
        *,
        interval_s: float,
        sweep: Callable[[], None],
        call_off: Callable[[], None],
    ) -> None:
        """Begin.

        Args:
            folder: of the store, which is open.
            interval_s: from one sweep to the next.
            sweep: rewrites the store; called in another thread.
            call_off: ends a sweep that is under way; called while `sweep` runs.
        """
        self._file: Final = folder / SWEPT_FILE
        self._interval_s: Final = interval_s
        self._sweep: Final = sweep
        self._call_off: Final = call_off
        self._stopping: Final = threading.Event()
        self._turn: Final = threading.Lock()
        self._is_sweeping = False
        self._written = True  # by somebody before, for all that is known
        self._thread: Final = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def note_write(self) -> None:
        """Hear that something was written."""
        self._written = True

    def stop(self) -> bool:
        """Return when no sweep runs and none will; whether one was called off."""
        with self._turn:
            self._stopping.set()
            called_off = self._is_sweeping
        if called_off:
            self._call_off()
        self._thread.join()
        return called_off

    def _run(self) -> None:
        while not self._stopping.wait(self._due_in_s()):
            if not self._written:
                self._note_swept()
                continue
            with self._turn:
                if self._stopping.is_set():
                    return
                self._is_sweeping = True
            self._written = False
            try:
                self._sweep()
            except Exception as error:  # noqa: BLE001 - RocksDB raises nothing narrower
                self._written = True
                if not self._stopping.is_set():
                    _logger.warning(
                        "store.not-swept", store=self._file.parent.name, error=type(error).__name__
                    )
                    self._stopping.wait(self._interval_s)
            else:
                if not self._stopping.is_set():  # or it was called off
                    self._note_swept()
            with self._turn:
                self._is_sweeping = False

    def _due_in_s(self) -> float:
        try:
            swept_s = self._file.stat().st_mtime
        except OSError:
            return 0.0
        return min(max(0.0, swept_s + self._interval_s - time.time()), self._interval_s)

    def _note_swept(self) -> None:
        with suppress(OSError):  # then it is swept too often
            self._file.touch()
