"""Stores in RocksDB, one folder for each partition.

Owns the folders. A store that does not fit, that is damaged or that another process holds is no
reason not to serve: it is built anew or, in that last case, left alone and not used.
"""

import re
import shutil
import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import structlog
from rocksdict import Options, Rdict, WriteBatch

from agents.lane.port import Partition
from agents.lane.rows import LaneRows, MemoryRows
from agents.lane.store import ChangelogTerms, StoredRows, mark_of, misfit

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_HELD: Final = re.compile(r"\block (file|hold)")
"""How RocksDB says that its folder is open already, here or in another process."""

_KEYS: Final = "rocksdb.estimate-num-keys"


class RocksDatabase:
    """One RocksDB; a `Database`. Its write-ahead log makes a write whole or nothing."""

    def __init__(self, folder: Path) -> None:
        """Open or create it.

        Raises:
            Exception: it is damaged, or another process has opened it.
        """
        self._folder: Final = folder
        options = Options(raw_mode=True)
        options.create_if_missing(True)  # noqa: FBT003 - its only argument
        self._rocks: Final = Rdict(str(folder), options)

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

    def __len__(self) -> int:
        """See `Database`."""
        return self._rocks.property_int_value(_KEYS) or 0

    def has_another(self, key: bytes) -> bool:
        """See `Database`."""
        return any(found != key for found in islice(self._rocks.keys(), 2))

    def close(self) -> None:
        """See `Database`."""
        self._rocks.close()

    def destroy(self) -> None:
        """See `Database`."""
        self._rocks.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class RocksStores:
    """The stores of one worker in one folder; a `RowStores`."""

    def __init__(self, folder: Path, *, cached_rows_max: int) -> None:
        """Keep them in this folder, which is made if need be; no other worker may use it."""
        self._folder: Final = folder
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
        database = RocksDatabase(folder)
        mark = mark_of(database)
        if not is_new and (reason := misfit(mark, terms, _now_ms())):
            log.warning("store.discarded", reason=reason)
            database.destroy()
            database, mark = RocksDatabase(folder), None
        return StoredRows(
            database, terms, mark, now_ms=_now_ms, cached_rows_max=self._cached_rows_max
        )


def _now_ms() -> int:
    return int(time.time() * 1000)
