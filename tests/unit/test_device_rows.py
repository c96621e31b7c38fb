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
    assert len(ROW) == len(b"\x01") + 1 + 6 + 2


@pytest.mark.parametrize(
    ("row", "found"), [(b"\x02" + ROW[1:], "2"), (b"\x00" + ROW[1:], "0"), (b"", "none")]
)
def test_a_format_that_this_worker_does_not_know_is_refused(row: bytes, found: str) -> None:
    with pytest.raises(InvariantBroken, match=f"row format {found}; this worker knows 1") as broken:
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
        "nested too deep": b"\x98" + ROW[2:] + b"\x91" * 100_000,
        "an unknown word": msgspec.msgpack.encode([1, None, [["user-1", "asleep"]]]),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_row_is_refused_without_being_repeated(body: tuple[str, bytes]) -> None:
    with pytest.raises(InvariantBroken, match=r"^a stored row cannot be read$") as broken:
        decode_row(b"\x01" + body[1])
    assert broken.value.code == "row.unreadable"


@STABLE
@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_invariant_broken(body: bytes) -> None:
    try:
        decode_row(b"\x01" + body)
    except InvariantBroken as error:
        code = error.code
    else:
        code = "row.unreadable"
    assert code == "row.unreadable"


def test_a_row_that_ends_early_has_the_defaults_of_the_fields_it_lacks() -> None:
    # How format 1 may grow: fields at the end, each with a default.
    assert decode_row(b"\x01" + msgspec.msgpack.encode([7])) == DeviceState(bio_epoch=7)
