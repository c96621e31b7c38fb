"""What the files of a worker's local stores still hold of a device or a user.

Reads the files as they are, whether a worker has them open or not; `agents.lane.rocksdb_store`
keeps them so that this finds everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agents.lane.sweeper import SWEPT_FILE
from deploy.erasure.needle import Needle
from deploy.inspection.instants import span_of_time
from schemas.topics import BROKER_SLACK_MS

_CHUNK_BYTES: Final = 8 * 1024 * 1024
_OVERLAP_BYTES: Final = 1024
"""More than the longest id in UTF-16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTraces:
    """What was found in a folder of stores.

    Attributes:
        folder: where.
        files: how many files were read.
        found: how many of them hold the id.
        gone_ms: when what is not a row any more is gone at the latest, if a worker has the store.
        words: which setting says so.
    """

    folder: Path
    files: int
    found: int
    gone_ms: int | None
    words: str


def traces_in_stores(folder: Path, needle: Needle, *, sweep_interval_s: float) -> StoreTraces:
    """Search all stores in a folder, which may be missing."""
    files = found = 0
    gone_ms: int | None = None
    for path in sorted(folder.rglob("*")):
        try:
            if not path.is_file():
                continue
            holds = any(needle.is_in(chunk) for chunk in _chunks(path))
        except FileNotFoundError:  # a worker has removed it
            continue
        files += 1
        if holds:
            found += 1
            swept_ms = _swept_ms(path.parent) + int(sweep_interval_s * 1000)
            gone_ms = max(gone_ms or 0, swept_ms + BROKER_SLACK_MS)
    words = f"SWEEP_INTERVAL_S {span_of_time(sweep_interval_s * 1000)}"
    return StoreTraces(folder=folder, files=files, found=found, gone_ms=gone_ms, words=words)


def _swept_ms(store: Path) -> int:
    """When a store was swept last: 0 for never, then the next start does it."""
    try:
        return int((store / SWEPT_FILE).stat().st_mtime * 1000)
    except FileNotFoundError:
        return 0


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        kept = b""
        while read := file.read(_CHUNK_BYTES):
            yield kept + read
            kept = read[-_OVERLAP_BYTES:]
