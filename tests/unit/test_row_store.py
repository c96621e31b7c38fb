# Goal: rows on disk are those of an earlier moment of their own changelog, whatever happens, or
# they are not used.
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agents.lane.log import LogFailure
from agents.lane.port import Partition
from agents.lane.rocksdb_store import RocksStores
from agents.lane.rows import LaneRows, MemoryRows
from agents.lane.store import (
    MARK_KEY,
    STORE_FORMAT,
    ChangelogTerms,
    StoredRows,
    StoreMark,
    mark_of,
    misfit,
)

PARTITION = Partition("events", 3)
TERMS = ChangelogTerms("cluster/topic/3", 0, 1000, tombstones_kept_ms=86_400_000)
NOW_MS = 1_790_000_000_000


@pytest.fixture
def stores(tmp_path: Path) -> RocksStores:
    return RocksStores(tmp_path / "stores", cached_rows_max=2, sweep_interval_s=3600)


def opened(stores: RocksStores, terms: ChangelogTerms = TERMS) -> LaneRows:
    rows = stores.open(PARTITION, terms)
    assert isinstance(rows, StoredRows)
    return rows


def filled(stores: RocksStores) -> None:
    """A store with the rows a, b and c, complete up to offset 7."""
    rows = opened(stores)
    rows.restore({b"a": b"1", b"b": b"1"}, 5)
    rows.restored()
    rows.change({b"c": b"1"})
    rows.keep({b"c": b"1"}, 7)
    rows.close()


def test_what_was_kept_is_there_again_and_what_was_not_is_not(stores: RocksStores) -> None:
    filled(stores)
    rows = opened(stores)
    rows.change({b"a": b"2", b"b": None, b"d": b"1"})
    assert [rows.get(key) for key in (b"a", b"b", b"c", b"d")] == [b"2", None, b"1", b"1"]
    rows.close()

    again = opened(stores)
    assert again.changelog_offset == 7
    assert [again.get(key) for key in (b"a", b"b", b"c", b"d")] == [b"1", b"1", b"1", None]
    again.close()


def test_a_store_without_rows_is_empty_however_often_it_was_opened(stores: RocksStores) -> None:
    for _ in range(3):
        rows = opened(stores)
        rows.restored()
        assert rows.is_empty()
        rows.close()
    filled(stores)
    rows = opened(stores)
    assert not rows.is_empty()
    rows.close()


def test_a_row_that_is_deleted_stays_deleted(stores: RocksStores) -> None:
    filled(stores)
    rows = opened(stores)
    assert rows.get(b"a") == b"1"
    rows.change({b"a": None})
    rows.keep({b"a": None}, 9)
    assert rows.get(b"a") is None
    rows.close()
    again = opened(stores)
    assert (again.get(b"a"), again.changelog_offset) == (None, 9)
    again.close()


def test_changes_at_an_unknown_offset_are_kept_with_the_next_known_one(stores: RocksStores) -> None:
    filled(stores)
    rows = opened(stores)
    rows.change({b"a": b"2"})
    rows.keep({b"a": b"2"}, None)
    assert rows.get(b"a") == b"2"
    rows.close()
    rows = opened(stores)
    assert (rows.get(b"a"), rows.changelog_offset) == (b"1", 7)
    rows.change({b"a": b"2"})
    rows.keep({b"a": b"2"}, None)
    rows.change({b"b": b"2"})
    rows.keep({b"b": b"2"}, 12)
    rows.close()
    again = opened(stores)
    assert (again.get(b"a"), again.get(b"b"), again.changelog_offset) == (b"2", b"2", 12)
    again.close()


def test_a_change_is_not_forgotten_when_an_earlier_one_is_kept(stores: RocksStores) -> None:
    rows = opened(stores)
    first = b"first"
    rows.change({b"a": first})
    rows.change({b"a": b"second"})
    rows.keep({b"a": first}, 3)
    assert rows.get(b"a") == b"second"
    rows.close()


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (TERMS._replace(identity="another/topic/3"), "it belongs to another changelog"),
        (TERMS._replace(start=8), "its changelog begins at offset 8 by now"),
        (TERMS._replace(end=6), "it is ahead of its changelog, which ends at offset 6"),
        (TERMS._replace(tombstones_kept_ms=0), "it was complete last"),
    ],
)
def test_a_store_that_does_not_fit_is_discarded(
    stores: RocksStores, terms: ChangelogTerms, reason: str
) -> None:
    filled(stores)
    with capture_logs() as logged:
        rows = opened(stores, terms)
    assert [(each["event"], reason in each["reason"]) for each in logged] == [
        ("store.discarded", True)
    ]
    assert rows.changelog_offset == terms.start
    assert [rows.get(key) for key in (b"a", b"b", b"c")] == [None, None, None]
    rows.close()


def mark(offset: int = 7, complete_ms: int = NOW_MS, store_format: int = STORE_FORMAT) -> StoreMark:
    return StoreMark(store_format, TERMS.identity, offset, complete_ms)


def test_a_store_is_used_for_half_of_the_time_that_tombstones_are_kept() -> None:
    half_ms = TERMS.tombstones_kept_ms // 2
    assert misfit(mark(), TERMS, NOW_MS) is None
    assert misfit(mark(), TERMS, NOW_MS + half_ms) is None
    assert misfit(mark(), TERMS, NOW_MS + half_ms + 1) is not None
    assert misfit(mark(), TERMS, NOW_MS - 1) is not None  # a clock that went back tells nothing


def test_a_store_of_another_format_or_without_a_mark_is_not_used() -> None:
    assert misfit(mark(store_format=STORE_FORMAT + 1), TERMS, NOW_MS) is not None
    assert misfit(None, TERMS, NOW_MS) is not None
    assert mark_of(Disk({MARK_KEY: b"\xc1"})) is None


def test_a_store_that_another_process_has_open_is_left_alone(stores: RocksStores) -> None:
    filled(stores)
    holder = opened(stores)
    with capture_logs() as logged:
        assert isinstance(stores.open(PARTITION, TERMS), MemoryRows)
    assert [each["event"] for each in logged] == ["store.held-by-another"]
    assert holder.get(b"a") == b"1"
    holder.close()


def damage(folder: Path, pattern: str, *, share: tuple[float, float] = (0, 1)) -> None:
    """Half of every two kilobytes in a share of the files is something else."""
    chance = random.Random(7)
    files = [each for each in folder.glob(pattern) if each.stat().st_size]
    assert files
    for path in files:
        content = bytearray(path.read_bytes())
        for start in range(int(len(content) * share[0]), int(len(content) * share[1]), 2048):
            content[start : start + 1024] = chance.randbytes(len(content[start : start + 1024]))
        path.write_bytes(content)


@pytest.mark.parametrize("pattern", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_store_that_cannot_be_opened_is_discarded(
    stores: RocksStores, tmp_path: Path, pattern: str
) -> None:
    filled(stores)
    opened(stores).close()  # what was in the write-ahead log is in a file of its own now
    damage(tmp_path / "stores" / "events-3", pattern)
    with capture_logs() as logged:
        rows = opened(stores)
    assert [each["event"] for each in logged] == ["store.discarded"]
    assert (rows.changelog_offset, rows.get(b"a")) == (0, None)
    rows.close()


def test_damaged_rows_end_the_session_and_their_store(stores: RocksStores, tmp_path: Path) -> None:
    rows = opened(stores)
    chance = random.Random(7)
    many = {b"%d" % number: chance.randbytes(500) for number in range(20_000)}
    rows.restore(many, 900)
    rows.restored()
    rows.close()
    opened(stores).close()
    damage(tmp_path / "stores" / "events-3", "*.sst", share=(0.3, 0.7))
    rows = opened(stores)
    assert rows.changelog_offset == 900
    with pytest.raises(LogFailure, match="the local store failed"):
        assert {key: rows.get(key) for key in many} == many  # never another value
    rows.close()
    again = opened(stores)
    assert (again.changelog_offset, again.is_empty()) == (TERMS.start, True)
    again.close()


class Disk(dict[bytes, bytes]):
    """A database in memory, which outlives whoever used it."""

    def write(self, changes: dict[bytes, bytes | None]) -> None:
        for key, value in changes.items():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def has_another(self, key: bytes) -> bool:
        return bool(self.keys() - {key})

    def close(self) -> None:
        """Nothing to close."""

    def destroy(self) -> None:
        self.clear()


def _reopened(disk: Disk) -> StoredRows:
    return StoredRows(disk, TERMS, mark_of(disk), now_ms=lambda: NOW_MS, cached_rows_max=2)


keys = st.sampled_from([b"a", b"b", b"c", b"d"])
values = st.one_of(st.none(), st.binary(min_size=1, max_size=3))
transactions = st.lists(
    st.tuples(
        st.dictionaries(keys, values, max_size=3),
        st.sampled_from(["kept", "kept", "kept at an unknown offset", "lost", "crash"]),
    ),
    max_size=30,
)


@given(transactions=transactions)
def test_after_any_crash_a_store_holds_its_changelog_up_to_its_offset(
    transactions: list[tuple[dict[bytes, bytes | None], str]],
) -> None:
    """The changelog is the truth: a store with the changelog's rest read into it is the same."""
    disk, changelog = Disk(), list[dict[bytes, bytes | None]]()
    rows = _reopened(disk)
    for changes, fate in transactions:
        rows.change(changes)
        if fate != "lost":
            changelog.append(changes)
        match fate:
            case "kept":
                rows.keep(changes, len(changelog))
            case "kept at an unknown offset":
                rows.keep(changes, None)
            case _:  # the session is over, and the log says what became of its transaction
                rows = _reopened(disk)
                for offset in range(rows.changelog_offset, len(changelog)):
                    rows.restore(changelog[offset], offset + 1)
                rows.restored()
        expected: dict[bytes, bytes | None] = {}
        for written in changelog:
            expected.update(written)
        assert {key: rows.get(key) for key in expected} == expected
