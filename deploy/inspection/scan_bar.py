"""A bar on standard error for reads that take long."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.console import diagnostics

_SHOWN_AFTER_S: Final = 0.7
_REDRAWS_PER_S: Final = 5


class ScanBar:
    """Told how far a read has come; appears when the read takes long, on a terminal only."""

    def __init__(self, doing: str) -> None:
        """Name what is going on."""
        console = diagnostics()
        self._is_wanted = console.is_terminal
        self._began_s = time.monotonic()
        self._is_shown = False
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} records"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            refresh_per_second=_REDRAWS_PER_S,
            # Standard output is the answer; rich would take it for itself.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task(doing, total=None)

    def progress(self, done: int, total: int) -> None:
        """So many of so many offsets have been passed."""
        if not self._is_wanted:
            return
        self._bar.update(self._task, completed=done, total=total)
        if not self._is_shown and time.monotonic() - self._began_s > _SHOWN_AFTER_S:
            self._bar.start()
            self._is_shown = True

    def hide(self) -> None:
        """Clear the line, because something is about to be printed there."""
        if self._is_shown:
            self._bar.stop()
            self._is_shown = False
            self._began_s = time.monotonic()


@contextmanager
def scan_bar(doing: str) -> Generator[ScanBar]:
    """A bar for the block, gone at its end."""
    bar = ScanBar(doing)
    try:
        yield bar
    finally:
        bar.hide()
