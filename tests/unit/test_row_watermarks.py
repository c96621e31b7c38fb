# Goal: a row that moves to another log takes no new record for an old one, and stays the same else.
from agents.core.state import DeviceState
from agents.device_rows import decode_row, encode_row
from agents.lane.position import POSITION_KEY
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY
from agents.row_watermarks import is_row_of_a_device, rows_as_of, with_watermark

ROW = encode_row(DeviceState(bio_epoch=3, watermark=40))
ERASED = encode_row(DeviceState(erased_ms=5, watermark=41))


def test_only_the_watermark_changes() -> None:
    assert decode_row(with_watermark(ROW, -1)) == DeviceState(bio_epoch=3, watermark=-1)


def test_rows_that_know_of_later_offsets_forget_them_and_nothing_else_is_touched() -> None:
    rows = {
        b"phone-1": ROW,
        ERASED_PREFIX + b"mark": ERASED,
        POSITION_KEY: b"{}",
        KEY_ID_KEY: b"0123456789abcdef",
    }
    assert [is_row_of_a_device(key) for key in rows] == [True, True, False, False]
    assert dict(rows_as_of(rows, 41)) == {ERASED_PREFIX + b"mark": with_watermark(ERASED, 40)}
    assert dict(rows_as_of(rows, 42)) == {}
    assert set(dict(rows_as_of(rows, 0))) == {b"phone-1", ERASED_PREFIX + b"mark"}
