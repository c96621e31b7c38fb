# Goal: bytes in a workers' own topics that no version has written are a refusal by name, whatever
# they are. The fuzz targets of the same readers: tests/fuzz/log_targets.py.
import pytest
from aiokafka.errors import CorruptRecordException
from hypothesis import given
from hypothesis import strategies as st

from agents.lane.kafka.changelog import take_fetched
from agents.lane.position import Position, UnreadablePosition, decode_position
from tests.fuzz.seeds import record_batches
from tests.unit.generated import STABLE

POSITION = Position("biolatch.device-events", 41, 4, 1)


@pytest.mark.parametrize(
    "value",
    {
        "nothing": b"",
        "not UTF-8": b"\xff\xfe",
        "a list": b"[]",
        "nested too deep": b"[" * 100_000,
        "a number of 5000 digits": POSITION.encode().replace(b":41", b":" + b"9" * 5_000),
        "a field missing": b'{"topic":"t","next_offset":1,"partition_count":1}',
        "a text for a number": POSITION.encode().replace(b":41", b':"41"'),
        "a boolean for a number": POSITION.encode().replace(b":41", b":true"),
        "a fraction": POSITION.encode().replace(b":41", b":41.0"),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_is_no_position_record_is_unreadable(value: tuple[str, bytes]) -> None:
    assert decode_position(POSITION.encode()) == POSITION
    with pytest.raises(UnreadablePosition):
        decode_position(value[1])


def test_a_field_that_a_newer_version_added_is_no_fault() -> None:
    assert decode_position(POSITION.encode()[:-1] + b',"later":true}') == POSITION


LEGACY = bytes(16) + b"\x01" + bytes(100)
"""Says that it is of a message format that Kafka had before 2017."""


@pytest.mark.parametrize("fetched", [bytes(200), LEGACY, b"\xff" * 200, bytes(11) + b"\x03" * 99])
def test_bytes_that_are_no_record_batches_are_corrupt_to_an_opening(fetched: bytes) -> None:
    with pytest.raises(CorruptRecordException):
        take_fetched(fetched, [], {}, 0)


def test_a_batch_with_one_byte_changed_leaves_nothing_behind() -> None:
    raw = next(iter(record_batches()))
    changes: dict[bytes, bytes | None] = {}
    read, position = take_fetched(raw, [], changes, 0)
    assert (read, position, len(changes)) == (3, 3, 2)  # two of them have one key

    @STABLE
    @given(st.integers(21, len(raw) - 1), st.integers(1, 255))
    def check(place: int, change: int) -> None:
        broken = bytearray(raw)
        broken[place] ^= change
        untouched: dict[bytes, bytes | None] = {}
        with pytest.raises(CorruptRecordException):
            take_fetched(bytes(broken), [], untouched, 0)
        assert untouched == {}

    check()
