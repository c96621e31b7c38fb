"""Stores in RocksDB, one folder for each partition.

Owns the folders. A store that does not fit, that is damaged or that another process holds is no
reason not to serve: it is built anew or, in that last case, left alone and not used. What a store
no longer holds leaves its files within the sweep interval; until then and after, its files can be
searched as they are: nothing in them is compressed or shortened.
"""

import re
import shutil
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import structlog
from rocksdict import (
    BlockBasedOptions,
    BottommostLevelCompaction,
    CompactOptions,
    DBCompressionType,
    Options,
    Rdict,
    WriteBatch,
)

from agents.lane.port import Partition
from agents.lane.rows import LaneRows, MemoryRows
from agents.lane.store import ChangelogTerms, StoredRows, mark_of, misfit
from agents.lane.sweeper import SWEPT_FILE, Sweeper

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HELD: Final = re.compile(r"\block (file|hold)")
"""How RocksDB says that its folder is open already, here or in another process."""

_KEYS: Final = "rocksdb.estimate-num-keys"


class RocksDatabase:
    """One RocksDB; a `Database`. Its write-ahead log makes a write whole or nothing."""

    def __init__(self, folder: Path, *, sweep_interval_s: float) -> None:
        """Open or create it.

        Raises:
            Exception: it is damaged, or another process has opened it.
        """
        self._folder: Final = folder
        is_new = not folder.exists()
        self._rocks: Final = Rdict(str(folder), _options())
        if is_new:
            (folder / SWEPT_FILE).touch()
        self._sweeper: Final = Sweeper(
            folder, interval_s=sweep_interval_s, sweep=self._sweep, call_off=self._call_off
        )

    def get(self, key: bytes) -> bytes | None:
        """See `Database`."""
        value: bytes | None = self._rocks.get(key)
        return value

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """See `Database`."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._rocks.write(batch)
        self._sweeper.note_write()

    def __len__(self) -> int:
        """See `Database`."""
        return self._rocks.property_int_value(_KEYS) or 0

    def has_another(self, key: bytes) -> bool:
        """See `Database`."""
        return any(found != key for found in islice(self._rocks.keys(), 2))

    def close(self) -> None:
        """See `Database`."""
        called_off = self._sweeper.stop()
        try:
            self._rocks.close()
        except Exception:
            # After a sweep was called off RocksDB says so here too. It is closed all the same, and
            # what was written stands in its write-ahead log.
            if not called_off:
                raise

    def destroy(self) -> None:
        """See `Database`."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Write every row that there is into new files, and remove the old ones."""
        self._rocks.flush()
        wanted = CompactOptions()
        wanted.set_exclusive_manual_compaction(False)
        wanted.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        self._rocks.compact_range(None, None, wanted)

    def _call_off(self) -> None:
        self._rocks.cancel_all_background(False)  # noqa: FBT003 - not to wait; `stop` does


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)  # noqa: FBT003 - its only argument
    options.set_compression_type(DBCompressionType.none())
    blocks = BlockBasedOptions()
    blocks.set_block_restart_interval(1)  # every key whole
    options.set_block_based_table_factory(blocks)
    # A manifest names the first and last key of every file that there was since it was begun.
    options.set_max_manifest_file_size(1)
    return options


class RocksStores:
    """The stores of one worker in one folder; a `RowStores`."""

    def __init__(self, folder: Path, *, cached_rows_max: int, sweep_interval_s: float) -> None:
        """Keep them in this folder, which is made if need be; no other worker may use it."""
        self._folder: Final = folder
        self._sweep_interval_s: Final = sweep_interval_s
        self._cached_rows_max: Final = cached_rows_max

    def open(self, partition: Partition, terms: ChangelogTerms) -> LaneRows:
        """See `RowStores`."""
        folder = self._folder / f"{partition.topic}-{partition.number}"
        log = _logger.bind(topic=partition.topic, partition=partition.number)
        try:
            return self._opened(folder, terms, log)
        except Exception as error:  # noqa: BLE001 - RocksDB raises nothing narrower
            if _HELD.search(str(error)):
                log.warning("store.held-by-another", reason=str(error))
                return MemoryRows()
            log.warning("store.discarded", reason=f"it cannot be opened: {error}")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            return self._opened(folder, terms, log)
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("store.unusable", reason=str(error))
            return MemoryRows()

    def _opened(
        self, folder: Path, terms: ChangelogTerms, log: structlog.stdlib.BoundLogger
    ) -> LaneRows:
        is_new = not folder.exists()
        folder.parent.mkdir(parents=True, exist_ok=True)
        database = self._database(folder)
        mark = mark_of(database)
        if not is_new and (reason := misfit(mark, terms, _now_ms())):
            log.warning("store.discarded", reason=reason)
            database.destroy()
            database, mark = self._database(folder), None
        return StoredRows(
            database, terms, mark, now_ms=_now_ms, cached_rows_max=self._cached_rows_max
        )

    def _database(self, folder: Path) -> RocksDatabase:
        return RocksDatabase(folder, sweep_interval_s=self._sweep_interval_s)


def _now_ms() -> int:
    return int(time.time() * 1000)
