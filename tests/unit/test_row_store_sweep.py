# Goal: what a store no longer holds is not in its files either, and a sweep holds up nothing.
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.lane.port import Partition
from agents.lane.rocksdb_store import RocksStores
from agents.lane.rows import LaneRows
from agents.lane.store import ChangelogTerms, StoredRows
from agents.lane.sweeper import SWEPT_FILE, Sweeper

PARTITION = Partition("events", 3)
TERMS = ChangelogTerms("cluster/topic/3", 0, 1000, tombstones_kept_ms=86_400_000)
ERASED, LIVING = b"phone-of-somebody-erased", b"phone-of-somebody-else"
SECRET = b"user-who-was-erased"
WAIT_S = 20.0


def stores(folder: Path, *, sweep_interval_s: float) -> RocksStores:
    return RocksStores(folder / "stores", cached_rows_max=2, sweep_interval_s=sweep_interval_s)


def opened(stores: RocksStores) -> LaneRows:
    rows = stores.open(PARTITION, TERMS)
    assert isinstance(rows, StoredRows)
    return rows


def files_with(folder: Path, *needles: bytes) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:  # RocksDB removes files by itself
            continue
        if any(needle in content for needle in needles):
            found.append(path.name)
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def fill_and_erase(folder: Path, *, sweep_interval_s: float) -> LaneRows:
    """A store that has held an erased device in a file, an erased user in a row that stays."""
    rows = opened(stores(folder, sweep_interval_s=3600))
    noise = random.Random(1)
    filler = {b"phone-%06d" % n: noise.randbytes(300) for n in range(500)}
    rows.restore({**filler, ERASED: b"1" + SECRET, LIVING: b"1" + SECRET}, 5)
    rows.restored()
    rows.close()
    rows = opened(stores(folder, sweep_interval_s=sweep_interval_s))
    rows.change({ERASED: None, LIVING: b"2"})
    rows.keep({ERASED: None, LIVING: b"2"}, 7)
    return rows


def test_without_a_sweep_the_files_still_tell(tmp_path: Path) -> None:
    rows = fill_and_erase(tmp_path, sweep_interval_s=3600)
    assert files_with(tmp_path, ERASED)
    assert files_with(tmp_path, SECRET)
    rows.close()


def test_what_was_deleted_or_replaced_leaves_every_file(tmp_path: Path) -> None:
    rows = fill_and_erase(tmp_path, sweep_interval_s=1)
    until(lambda: not files_with(tmp_path, ERASED, SECRET))
    assert rows.get(LIVING) == b"2"
    assert rows.get(b"phone-000499") is not None
    assert files_with(tmp_path, LIVING)
    rows.close()
    again = opened(stores(tmp_path, sweep_interval_s=3600))
    assert (again.changelog_offset, again.get(LIVING), again.get(ERASED)) == (7, b"2", None)
    again.close()


def test_a_store_that_was_not_swept_for_long_is_swept_at_once(tmp_path: Path) -> None:
    fill_and_erase(tmp_path, sweep_interval_s=3600).close()
    [swept] = tmp_path.rglob(SWEPT_FILE)
    os.utime(swept, (0, 0))
    rows = opened(stores(tmp_path, sweep_interval_s=3600))
    until(lambda: not files_with(tmp_path, ERASED, SECRET))
    rows.close()


def test_a_store_closes_at_once_in_the_middle_of_a_sweep_and_loses_nothing(tmp_path: Path) -> None:
    rows = opened(stores(tmp_path, sweep_interval_s=3600))
    noise = random.Random(1)
    for number in range(60):
        rows.restore({noise.randbytes(16): noise.randbytes(500) for _ in range(1000)}, number)
    rows.restored()
    rows.close()
    [swept] = tmp_path.rglob(SWEPT_FILE)
    os.utime(swept, (0, 0))
    rows = opened(stores(tmp_path, sweep_interval_s=3600))  # its sweep begins now
    rows.keep({LIVING: b"3"}, 70)
    rows.close()
    again = opened(stores(tmp_path, sweep_interval_s=3600))
    assert (again.changelog_offset, again.get(LIVING)) == (70, b"3")
    again.close()


def test_a_sweep_that_fails_is_said_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tries = []

    def sweep() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no space left")

    sweeper = Sweeper(tmp_path, interval_s=0.05, sweep=sweep, call_off=lambda: None)
    until(lambda: len(tries) > 1)
    sweeper.stop()
    assert "store.not-swept" in capsys.readouterr().out
    assert (tmp_path / SWEPT_FILE).exists()


def test_nothing_is_swept_that_was_not_written_since(tmp_path: Path) -> None:
    tries: list[int] = []
    sweeper = Sweeper(
        tmp_path, interval_s=0.01, sweep=lambda: tries.append(1), call_off=lambda: None
    )
    until(lambda: tries)
    until((tmp_path / SWEPT_FILE).exists)
    swept_s = (tmp_path / SWEPT_FILE).stat().st_mtime
    until(lambda: (tmp_path / SWEPT_FILE).stat().st_mtime > swept_s)
    assert len(tries) == 1
    sweeper.note_write()
    until(lambda: len(tries) == 2)
    sweeper.stop()
