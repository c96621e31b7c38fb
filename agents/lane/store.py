"""Rows that outlive a session, in a database on this machine: only the changelog's tail is read.

Owns what makes that safe. A store is written only behind the log: what it holds is committed, and
stands in the same atomic write as the changelog offset behind it and the name of that changelog.
So after a crash it is an older state of its partition, never another one; what is missing is read
from the changelog. Where that cannot be relied on, the store is discarded and built anew.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec

from agents.lane.log import LogFailure
from agents.lane.port import RESERVED_KEY_PREFIX, Partition
from agents.lane.rows import LaneRows

STORE_FORMAT: Final = 1

MARK_KEY: Final = RESERVED_KEY_PREFIX + b"store"

_AGE_SHARE_MAX: Final = 0.5
"""Of the time for which the changelog keeps tombstones: clocks of two machines may differ."""


class StoreMark(msgspec.Struct, frozen=True, array_like=True):
    """What a store says about itself.

    Attributes:
        store_format: how it is written.
        changelog: which changelog partition it follows.
        changelog_offset: everything before it is in the store.
        complete_ms: when the store had everything that the changelog had.
    """

    store_format: int
    changelog: str
    changelog_offset: int
    complete_ms: int


class ChangelogTerms(NamedTuple):
    """What a store must fit.

    Attributes:
        identity: names cluster, topic (this very one, not another of its name) and partition.
        start, end: the first offset that is there, and the one behind the last.
        tombstones_kept_ms: for how long a deleted row can be seen to be deleted.
    """

    identity: str
    start: int
    end: int
    tombstones_kept_ms: int


class StoreFailure(LogFailure):
    """The store failed: the session ends, and the next one goes on without what it held."""


class Database(Protocol):
    """Keys and values on this machine. Whatever it raises, it is not used any more."""

    def get(self, key: bytes) -> bytes | None:
        """Return a value."""
        ...

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Write all of these or, after a crash, none; None deletes."""
        ...

    def __len__(self) -> int:
        """About how many there are; more, where some were written again lately."""
        ...

    def has_another(self, key: bytes) -> bool:
        """Whether there is a key other than this one."""
        ...

    def close(self) -> None:
        """Let others open it."""
        ...

    def destroy(self) -> None:
        """Close it and leave nothing of it."""
        ...


class RowStores(Protocol):
    """Where the stores of a worker's partitions are."""

    def open(self, partition: Partition, terms: ChangelogTerms) -> LaneRows:
        """Return the rows of an input partition, as far as they are known here."""
        ...


def misfit(mark: StoreMark | None, terms: ChangelogTerms, now_ms: int) -> str | None:
    """Why a store must not be used; None when it may."""
    if mark is None:
        return "it does not say what it holds"
    if mark.store_format != STORE_FORMAT:
        return f"it has format {mark.store_format}, and this version writes {STORE_FORMAT}"
    if mark.changelog != terms.identity:
        return "it belongs to another changelog"
    if mark.changelog_offset < terms.start:
        return f"its changelog begins at offset {terms.start} by now"
    if mark.changelog_offset > terms.end:
        return f"it is ahead of its changelog, which ends at offset {terms.end}"
    # A row that was deleted since may have left no trace in the changelog.
    age_ms_max = terms.tombstones_kept_ms * _AGE_SHARE_MAX
    if not 0 <= now_ms - mark.complete_ms <= age_ms_max:
        return f"it was complete last at {mark.complete_ms} ms since 1970, now is {now_ms} ms"
    return None


def mark_of(database: Database) -> StoreMark | None:
    """What a store says about itself; None when that cannot be read."""
    value = database.get(MARK_KEY)
    if value is None:
        return None
    try:
        return msgspec.msgpack.decode(value, type=StoreMark)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class StoredRows:
    """Rows in a database, read when they are asked for; a `LaneRows`."""

    def __init__(
        self,
        database: Database,
        terms: ChangelogTerms,
        mark: StoreMark | None,
        *,
        now_ms: Callable[[], int],
        cached_rows_max: int,
    ) -> None:
        """Use an open database.

        Args:
            database: whose rows fit the mark, or which is empty.
            terms: of the changelog that it follows.
            mark: what it says; None when it is empty.
            now_ms: milliseconds since 1970, by this machine's clock.
            cached_rows_max: rows that are kept at hand, in memory.
        """
        self._database = database
        self._terms = terms
        self._now_ms = now_ms
        self._cached_rows_max = cached_rows_max
        self._offset = terms.start if mark is None else mark.changelog_offset
        self._complete_ms = 0 if mark is None else mark.complete_ms
        self._changed: dict[bytes, bytes | None] = {}
        self._unkept: dict[bytes, bytes | None] = {}
        self._cached: dict[bytes, bytes] = {}
        self._failed = False

    @property
    def changelog_offset(self) -> int:
        """See `LaneRows`."""
        return self._offset

    def __len__(self) -> int:
        """See `LaneRows`."""
        try:
            return max(0, len(self._database) - 1)  # the mark is no row
        except Exception as error:
            raise self._failure(error) from error

    def is_empty(self) -> bool:
        """See `LaneRows`."""
        try:
            return not self._database.has_another(MARK_KEY)
        except Exception as error:
            raise self._failure(error) from error

    def get(self, key: bytes, /) -> bytes | None:
        """See `LaneRows`."""
        if key in self._changed:
            return self._changed[key]
        value = self._cached.get(key)
        if value is None:
            try:
                value = self._database.get(key)
            except Exception as error:
                raise self._failure(error) from error
            if value is not None:
                self._cache(key, value)
        return value

    def change(self, changes: Mapping[bytes, bytes | None]) -> None:
        """See `LaneRows`."""
        self._changed.update(changes)

    def restore(self, changes: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        """See `LaneRows`. Each step is kept, so that a recovery that ends early is not lost."""
        self._write(changes, changelog_offset)

    def restored(self) -> None:
        """See `LaneRows`. From here on the store is complete, and `keep` keeps it so."""
        self._complete_ms = self._now_ms()
        self._write({}, self._offset)

    def keep(self, changes: Mapping[bytes, bytes | None], changelog_offset: int | None) -> None:
        """See `LaneRows`."""
        if self._unkept or changelog_offset is None:
            self._unkept.update(changes)
            if changelog_offset is None:
                return
            changes, self._unkept = self._unkept, {}
        self._complete_ms = self._now_ms()
        self._write(changes, changelog_offset)
        changed = self._changed
        for key, value in changes.items():
            if key in changed and changed[key] is value:
                del changed[key]  # and not where it was changed again since
            if value is None:
                self._cached.pop(key, None)
            else:
                self._cache(key, value)

    def close(self) -> None:
        """See `LaneRows`. A store that has failed is left to nobody."""
        try:
            if self._failed:
                self._database.destroy()
            else:
                self._database.close()
        except Exception:  # noqa: BLE001 - nothing more can be done with it, and nothing is lost
            self._failed = True

    def _cache(self, key: bytes, value: bytes) -> None:
        cached = self._cached
        cached.pop(key, None)
        cached[key] = value
        if len(cached) > self._cached_rows_max:
            del cached[next(iter(cached))]

    def _write(self, changes: Mapping[bytes, bytes | None], changelog_offset: int) -> None:
        mark = StoreMark(STORE_FORMAT, self._terms.identity, changelog_offset, self._complete_ms)
        try:
            self._database.write({**changes, MARK_KEY: msgspec.msgpack.encode(mark)})
        except Exception as error:
            raise self._failure(error) from error
        self._offset = changelog_offset

    def _failure(self, error: Exception) -> StoreFailure:
        self._failed = True
        return StoreFailure(f"the local store failed: {type(error).__name__}: {error}")
