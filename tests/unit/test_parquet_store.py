"""The folder of Parquet files: exact whatever fails when, and one process at a time."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from agents.lane.port import Partition
from deploy.analytics.columns import COLUMNS, Row, event_cells, row_of
from deploy.analytics.file_names import FileName, day_folder, is_left_over, positions
from deploy.analytics.store import kept_files, opened, readable_files
from deploy.records.topic_record import TopicRecord
from events.errors import Misconfigured, TransientFailure

DAY_MS = 86_400_000
FIRST_DAY_MS = 1_772_323_200_000  # 2026-03-01T00:00:00Z


def write_lines(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(json.dumps(row.cells) + "\n" for row in rows))


def row(number: int, day: int = 0) -> Row:
    return Row(FIRST_DAY_MS + day * DAY_MS, (number,))


def numbers(folder: Path) -> list[int]:
    """What a reader finds, of all files that count."""
    lines = [line for file in readable_files(folder) for line in file.read_text().splitlines()]
    return sorted(json.loads(line)[0] for line in lines)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in kept_files(folder).values())


def test_a_stretch_lies_in_one_file_for_each_of_its_days(tmp_path: Path) -> None:
    with opened(tmp_path, write_lines) as store:
        store.write(3, 10, 20, [row(11, day=1), row(12), row(13, day=1)])
        assert store.positions == {3: 20}
    stretch = "3-0000000000000000010-0000000000000000020"
    assert names(tmp_path) == [
        f"day=2026-03-01/{stretch}-1of2.parquet",
        f"day=2026-03-02/{stretch}-2of2.parquet",
    ]
    assert numbers(tmp_path) == [11, 12, 13]


def test_a_name_says_what_it_was_given_and_other_names_say_nothing() -> None:
    name = FileName(7, 0, 2**62, 1, 1)
    assert FileName.read(name.text) == name
    for other in ("part-0.parquet", f".{name.text}", f"{name.text}.unfinished", "1-2-3-1of1.orc"):
        assert FileName.read(other) is None
    assert day_folder(-1) == "day=1969-12-31"


def test_the_position_is_where_the_last_whole_stretch_ends() -> None:
    whole = [FileName(0, 0, 5, 1, 1), FileName(0, 5, 9, 1, 2), FileName(0, 5, 9, 2, 2)]
    half = FileName(0, 9, 12, 1, 2)
    reached = positions([*whole, half])
    assert reached == {0: 9}
    assert [is_left_over(each, reached) for each in (*whole, half)] == [False, False, False, True]


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_or_doubled_whatever_fails_when(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    rename = Path.rename

    def brittle_write(path: Path, rows: Sequence[Row]) -> None:
        write_lines(path, rows[: len(rows) // 2])
        if chance.random() < 0.2:
            raise OSError(28, "No space left on device")
        write_lines(path, rows)

    def brittle_rename(path: Path, target: Path) -> Path:
        if chance.random() < 0.2:
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", brittle_rename)
    topic = [row(number, day=chance.randrange(3)) for number in range(60)]
    while True:
        with opened(tmp_path, brittle_write) as store:
            position = store.positions.get(0, 0)
            if position == len(topic):
                break
            assert numbers(tmp_path) == list(range(position))
            end = min(len(topic), position + chance.randint(1, 12))
            try:
                store.write(0, position, end, topic[position:end])
            except TransientFailure:
                assert numbers(tmp_path) == list(range(position))
                continue
            assert numbers(tmp_path) == list(range(end))
    assert numbers(tmp_path) == list(range(60))
    assert not list(tmp_path.glob("day=*/.*"))


def test_a_folder_has_one_process(tmp_path: Path) -> None:
    with opened(tmp_path, write_lines):
        with (
            pytest.raises(Misconfigured, match="another process writes to") as refused,
            opened(tmp_path, write_lines),
        ):
            pass
        assert refused.value.code == "analytics.folder-in-use"
    with opened(tmp_path, write_lines):
        pass


def test_a_folder_that_cannot_be_made_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Misconfigured, match="file"), opened(file / "folder", write_lines):
        pass


def test_old_days_leave_and_the_position_stays(tmp_path: Path) -> None:
    with opened(tmp_path, write_lines) as store:
        store.write(0, 0, 2, [row(0), row(1, day=1)])
        store.write(0, 2, 3, [row(2, day=2)])
        assert store.prune("2026-03-02") == ["2026-03-01"]
    with opened(tmp_path, write_lines) as store:
        assert store.positions == {0: 3}
        assert store.prune("2026-03-03") == ["2026-03-02"]
    with opened(tmp_path, write_lines) as store:
        assert store.positions == {0: 3}
    assert numbers(tmp_path) == [2]


@pytest.mark.parametrize("value", [None, b"", b"no json", b"\xff", b"[]", b"1", b'{"time":"x"}'])
def test_a_record_that_is_no_event_is_kept_all_the_same(value: bytes | None) -> None:
    kept = row_of(TopicRecord(Partition("feed", 2), 9, FIRST_DAY_MS, None, value, ()))
    assert kept.time_ms == FIRST_DAY_MS
    cells = dict(zip((column.name for column in COLUMNS), kept.cells, strict=True))
    assert cells["uid"] is None
    assert (cells["kafka_partition"], cells["kafka_offset"]) == (2, 9)
    assert cells["event"] == (value or b"").decode(errors="replace")


def test_a_column_takes_only_what_is_of_its_type() -> None:
    event = {
        "time": True,
        "class_uid": "3002",
        "status": 7,
        "is_alert": 1,
        "metadata": {"original_time": "yesterday", "sequence": 3},
        "auth_factors": [],
        "actor": {"user": {"uid": "masked"}},
    }
    cells = dict(
        zip((each.name for each in COLUMNS), event_cells(json.dumps(event).encode()), strict=False)
    )
    assert {name for name, cell in cells.items() if cell is not None} == {"sequence", "user_uid"}
