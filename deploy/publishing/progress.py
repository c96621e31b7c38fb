"""What people see on a terminal while lines are published."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from deploy.publishing.account import Account

_REDRAWS_PER_S: Final = 5


class _Counts(ProgressColumn):
    """Events published, how fast, and lines refused."""

    def __init__(self, account: Account) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._account = account

    def render(self, task: Task) -> Text:
        """The counts as they are now."""
        elapsed_s = task.elapsed or 0.0
        rate = self._account.published / elapsed_s if elapsed_s > 0 else 0.0
        counts = Text(f"{self._account.published:,} events  {rate:,.0f}/s")
        if refused := self._account.refused.total():
            counts.append(f"  {refused:,} refused", style="yellow")
        return counts


class PublishingProgress:
    """Told of every piece that was read; shows nothing where there is no terminal."""

    def __init__(self, bar: Progress, size_bytes: int | None) -> None:
        self._bar = bar
        self._task = bar.add_task("publishing", total=size_bytes)

    def read(self, size_bytes: int) -> None:
        """So much more of the stream was read."""
        self._bar.advance(self._task, size_bytes)


@contextmanager
def progress_shown(
    console: Console, account: Account, *, size_bytes: int | None, is_wanted: bool
) -> Generator[PublishingProgress]:
    """Show progress while the block runs.

    Args:
        console: where; nothing is shown if that is no terminal.
        account: what is counted.
        size_bytes: of the whole stream, where that is known.
        is_wanted: False where somebody types into the same terminal.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        _Counts(account),
        TimeElapsedColumn(),
        console=console,
        disable=not (console.is_terminal and is_wanted),
        refresh_per_second=_REDRAWS_PER_S,
        transient=True,
    )
    with bar:
        yield PublishingProgress(bar, size_bytes)
