import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.core.state import UNKNOWN_DEVICE, DeviceState
from agents.device_rows import ROW_FORMAT, decode_row, encode_row
from events.errors import InvariantBroken
from tests.unit.generated import STABLE, instances

ROW = encode_row(UNKNOWN_DEVICE)


@STABLE
@given(instances(DeviceState))
def test_a_row_is_read_as_it_was_written(state: DeviceState) -> None:
    row = encode_row(state)
    assert row[0] == ROW_FORMAT
    assert decode_row(row) == state
    assert encode_row(decode_row(row)) == row


def test_an_unknown_device_s_row_is_a_few_bytes() -> None:
    assert len(ROW) == len(b"\x02") + 1 + 7 + 2 + 2


@pytest.mark.parametrize(
    ("row", "found"), [(b"\x03" + ROW[1:], "3"), (b"\x00" + ROW[1:], "0"), (b"", "none")]
)
def test_a_format_that_this_worker_does_not_know_is_refused(row: bytes, found: str) -> None:
    why = f"row format {found}; this worker knows up to 2"
    with pytest.raises(InvariantBroken, match=why) as broken:
        decode_row(row)
    assert broken.value.code == "row.format_unknown"


@pytest.mark.parametrize(
    "body",
    {
        "nothing": b"",
        "cut off": ROW[1:-1],
        "more behind it": ROW[1:] + b"\x00",
        "no row": msgspec.msgpack.encode({"bio_epoch": 1}),
        "another type": msgspec.msgpack.encode(["many"]),
        "an unknown word": msgspec.msgpack.encode([1, None, [["user-1", "asleep"]]]),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_row_is_refused_without_being_repeated(body: tuple[str, bytes]) -> None:
    with pytest.raises(InvariantBroken, match=r"^a stored row cannot be read$") as broken:
        decode_row(b"\x02" + body[1])
    assert broken.value.code == "row.unreadable"


@STABLE
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_invariant_broken(body: bytes) -> None:
    try:
        decode_row(b"\x02" + body)
    except InvariantBroken as error:
        code = error.code
    else:
        code = "row.unreadable"
    assert code == "row.unreadable"


def test_a_row_of_format_1_has_a_full_bucket_and_no_used_challenges() -> None:
    fields = msgspec.msgpack.encode([7, None, [], b"", None, [], 41])
    state = decode_row(b"\x01" + fields)
    assert state == DeviceState(bio_epoch=7, watermark=41)
    assert (state.bucket_full_ms, state.used_challenges) == (0, b"")
    assert encode_row(state) == b"\x02" + msgspec.msgpack.encode(
        [7, None, [], b"", None, [], 41, 0, b""]
    )
