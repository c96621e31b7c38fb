"""The folder of Parquet files: exact after any crash, and written by one process at a time.

Owns how a stretch of the topic gets into the folder: every file of it under a temporary name first,
then fsync, then one rename after another. Until the last of them nothing of the stretch counts, so
a crash leaves either all of it or files that the next start removes, and the position is nowhere
but in the names.
"""

import fcntl
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from deploy.analytics.columns import Row
from deploy.analytics.file_names import (
    FileName,
    day_folder,
    day_of_folder,
    is_left_over,
    positions,
)
from events.errors import Misconfigured, TransientFailure

_LOCK: Final = ".lock"
_UNFINISHED: Final = ".unfinished"

WriteRows: TypeAlias = Callable[[Path, Sequence[Row]], None]
"""Writes one file and waits until the disk has it; `parquet_file.write_rows`."""


class ParquetStore:
    """A folder that this process has for itself; made by `opened`.

    Attributes:
        positions: where each partition is read from next; of a partition without files nothing.
    """

    def __init__(self, folder: Path, write_rows: WriteRows) -> None:
        """Use a folder that is locked."""
        self._folder: Final = folder
        self._write_rows: Final = write_rows
        self.positions: Final[dict[int, int]] = dict(self._recover())

    def _recover(self) -> Mapping[int, int]:
        """Remove what a crash has left, and say how far the rest goes."""
        for unfinished in self._folder.glob(f"day=*/*{_UNFINISHED}"):
            unfinished.unlink()
        files = kept_files(self._folder)
        reached = positions(files)
        for name, path in files.items():
            if is_left_over(name, reached):
                path.unlink()
        return reached

    def write(self, partition: int, first: int, next_offset: int, rows: Sequence[Row]) -> None:
        """Put a stretch of a partition in place: all of it, or nothing that counts.

        Args:
            partition: of the topic.
            first: offset from which was read: the partition's position.
            next_offset: offset from which is read next.
            rows: of every record between; at least one.

        Raises:
            TransientFailure: the disk does not take it.
        """
        by_day: dict[str, list[Row]] = {}
        for row in rows:
            by_day.setdefault(day_folder(row.time_ms), []).append(row)
        days = sorted(by_day)
        try:
            final = [
                self._folder / day / FileName(partition, first, next_offset, k, len(days)).text
                for k, day in enumerate(days, 1)
            ]
            for day, path in zip(days, final, strict=True):
                path.parent.mkdir(exist_ok=True)
                self._write_rows(_unfinished(path), by_day[day])
            _sync(self._folder)
            for path in final:  # the latest day last
                _unfinished(path).rename(path)
                _sync(path.parent)
        except OSError as error:
            raise TransientFailure(
                "analytics.disk", f"{self._folder}: {error.strerror or 'the disk failed'}"
            ) from error
        self.positions[partition] = next_offset

    def prune(self, oldest_day: str) -> Sequence[str]:
        """Remove the folders of all days before this one (`YYYY-MM-DD`), and name them."""
        removed: list[str] = []
        for folder in sorted(self._folder.glob("day=*")):
            day = day_of_folder(folder.name)
            if day is None or day >= oldest_day:
                continue
            for file in folder.glob("*.parquet"):
                file.unlink()
            folder.rmdir()
            removed.append(day)
        return removed


def kept_files(folder: Path) -> Mapping[FileName, Path]:
    """Every file that a store has put in place, those of a stretch that is not whole included."""
    return {
        name: path
        for path in sorted(folder.glob("day=*/*.parquet"))
        if (name := FileName.read(path.name)) is not None
    }


def readable_files(folder: Path) -> Sequence[Path]:
    """The files that count, while a store writes beside them: those of whole stretches."""
    files = kept_files(folder)
    reached = positions(files)
    return [path for name, path in files.items() if not is_left_over(name, reached)]


@contextmanager
def opened(folder: Path, write_rows: WriteRows) -> Generator[ParquetStore]:
    """A store in this folder, which no other process has meanwhile.

    Raises:
        Misconfigured: another process has it, or it cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / _LOCK).open("wb")
    except OSError as error:
        raise Misconfigured("analytics.folder", f"{folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured(
                "analytics.folder-in-use",
                f"another process writes to {folder}; one folder has one process. Stop the other, "
                "or set BIOLATCH_ANALYTICS__PARQUET_FOLDER to another folder.",
            ) from error
        yield ParquetStore(folder, write_rows)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}{_UNFINISHED}")


def _sync(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
