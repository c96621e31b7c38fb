# Goal: under any two partition counts every device's row, and every mark that may be a device's,
# stands where that device's events will be; and what cannot be moved safely is refused.
from collections import defaultdict
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.core.state import DeviceState
from agents.device_rows import decode_row, encode_row
from agents.erasure_keys import ErasureKeys
from agents.lane.position import POSITION_KEY, Position, decode_position
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY
from deploy.records.partitioner import partition_of
from deploy.repartition.layout import Changes, Moves, may_come_to, moves, positions_of
from events.errors import Misconfigured
from schemas.topics import DEVICE_EVENTS

KEYS = ErasureKeys([b"k" * 32])
Rows = dict[int, dict[bytes, bytes]]


def position(count: int, next_offset: int = 90) -> bytes:
    return Position(DEVICE_EVENTS, next_offset, count, 2).encode()


def changelog(devices: list[str], erased: list[str], count: int) -> Rows:
    rows: Rows = {number: {POSITION_KEY: position(count)} for number in range(count)}
    for name in devices:
        state = DeviceState(bio_epoch=len(name), watermark=80)
        rows[partition_of(name.encode(), count)][name.encode()] = encode_row(state)
    for name in erased:
        of_partition = rows[partition_of(name.encode(), count)]
        mark = ERASED_PREFIX + KEYS.device_marks(name)[0]
        of_partition[mark] = encode_row(DeviceState(erased_ms=5, watermark=81))
        of_partition[KEY_ID_KEY] = KEYS.key_ids[0]
    return rows


def moved(rows: Rows, old: int, new: int, starts: Mapping[int, int] | None = None) -> Moves:
    return moves(
        rows,
        old_count=old,
        new_count=new,
        starts=starts or dict.fromkeys(range(new), 100),
        row_format=2,
        keys=None,
    )


def applied(rows: Rows, changes: Changes) -> Rows:
    after: Rows = defaultdict(dict, {number: dict(by_key) for number, by_key in rows.items()})
    for number, by_key in changes.items():
        for key, row in by_key.items():
            if row is None:
                del after[number][key]
            else:
                after[number][key] = row
    return after


NAMES = st.lists(st.integers(0, 10_000).map("phone-{}".format), unique=True, max_size=30)


@settings(max_examples=60)
@given(NAMES, NAMES, st.integers(1, 12), st.integers(1, 24))
def test_each_row_and_mark_stands_where_its_device_will_be(
    devices: list[str], erased: list[str], old: int, new: int
) -> None:
    erased = [name for name in erased if name not in devices]
    rows = changelog(devices, erased, old)
    after = applied(rows, moved(rows, old, max(old, new)).changes)
    new = max(old, new)
    for name in devices:
        home = partition_of(name.encode(), new)
        found = {number: by[name.encode()] for number, by in after.items() if name.encode() in by}
        assert list(found) == [home]
        stays = home == partition_of(name.encode(), old)
        assert decode_row(found[home]) == DeviceState(
            bio_epoch=len(name), watermark=80 if stays else 99
        )
    for name in erased:
        home = after[partition_of(name.encode(), new)]
        assert decode_row(home[ERASED_PREFIX + KEYS.device_marks(name)[0]]).erased_ms == 5
        assert home[KEY_ID_KEY] == KEYS.key_ids[0]
    for number in range(new):
        assert decode_position(after[number][POSITION_KEY]) == Position(DEVICE_EVENTS, 100, new, 2)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 40))
def test_a_device_comes_to_one_of_those_partitions_and_to_no_other(
    number: int, old: int, new: int
) -> None:
    key = f"phone-{number}".encode()
    assert partition_of(key, new) in may_come_to(partition_of(key, old), old, new)


def test_of_two_copies_of_a_mark_the_later_erasure_counts() -> None:
    mark = ERASED_PREFIX + b"mark"
    rows: Rows = {number: {POSITION_KEY: position(2)} for number in range(2)}
    rows[0][mark] = encode_row(DeviceState(erased_ms=5, watermark=1))
    rows[1][mark] = encode_row(DeviceState(erased_ms=9, watermark=1))
    after = applied(rows, moved(rows, 2, 3).changes)
    assert [decode_row(after[number][mark]).erased_ms for number in range(3)] == [9, 9, 9]


def test_amid_a_rotation_the_newest_key_of_the_file_is_named() -> None:
    keys = ErasureKeys([b"n" * 32, b"o" * 32])
    rows: Rows = {0: {POSITION_KEY: position(2), KEY_ID_KEY: keys.key_ids[1]},
                  1: {POSITION_KEY: position(2), KEY_ID_KEY: keys.key_ids[0]}}  # fmt: skip
    starts = dict.fromkeys(range(3), 0)
    after = applied(
        rows,
        moves(rows, old_count=2, new_count=3, starts=starts, row_format=2, keys=keys).changes,
    )
    assert {after[number][KEY_ID_KEY] for number in range(3)} == {keys.key_ids[0]}
    with pytest.raises(Misconfigured, match="BIOLATCH_ERASURE__MARK_KEYS_FILE"):
        moved(rows, 2, 3)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({0: {b"\x00new": b""}}, "does not know"),
        ({0: {b"phone-1": encode_row(DeviceState())}, 1: {b"phone-1": encode_row(DeviceState())}},
         "does not partition as"),
    ],
)  # fmt: skip
def test_what_cannot_be_moved_safely_is_refused(rows: Rows, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        moved(rows, 2, 4)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({0: {b"phone-1": b""}}, "rows and no position"),
        ({0: {POSITION_KEY: b"no JSON"}}, "not JSON"),
        ({0: {POSITION_KEY: position(2)}, 1: {POSITION_KEY: position(4)}}, "different partition"),
    ],
)
def test_positions_that_do_not_tell_how_rows_were_made_are_refused(rows: Rows, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        positions_of(rows)
