"""What somebody may write to a topic must not stop a partition, nor take a worker's memory."""

import tracemalloc

import pytest
from aiokafka import codec
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.kafka import expansion
from agents.lane.kafka.record_batches import _FetchedBatches
from agents.lane.port import Partition

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
BAD = b"\xff\xfe-name"


def _batch(compression: int) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2,
        compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    builder.append(0, 1_000, b"key", b"first", [("good", b"1")])
    builder.append(1, 1_001, b"key", None, [("xx-marker", b"\xff"), ("ce_id", None)])
    builder.append(2, 1_002, None, b"third", [])
    return bytes(builder.build())


def _broken(compression: int) -> bytes:
    """The batch with one name that is not UTF-8, which no builder would write."""
    plain = bytearray(_batch(NONE).replace(b"xx-marker", BAD.ljust(9, b"-")))
    if compression != NONE:
        head = DefaultRecordBase.HEADER_STRUCT.size
        pack = {GZIP: codec.gzip_encode, LZ4: codec.lz4_encode, ZSTD: codec.zstd_encode}
        body = pack[compression](bytes(plain[head:]))
        plain = bytearray(plain[:head]) + body
        plain[22] |= compression
        plain[8:12] = (len(plain) - 12).to_bytes(4, "big")
    return bytes(plain)


def _read(raw: bytes, reader: type) -> list[tuple[object, ...]]:
    records = reader(raw)
    read: list[tuple[object, ...]] = []
    while records.has_next():
        batch = records.next_batch()
        read += [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in batch]
    return read


@pytest.mark.parametrize("compression", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_good_batches_are_read_as_by_aiokafka(compression: int) -> None:
    raw = _batch(compression) * 2
    assert _read(raw, _FetchedBatches) == _read(raw, MemoryRecords)


@pytest.mark.parametrize("compression", [NONE, GZIP, LZ4, ZSTD])
def test_a_name_that_is_not_utf_8_is_mended_and_nothing_else(compression: int) -> None:
    raw = _broken(compression)
    with pytest.raises(UnicodeDecodeError):
        _read(raw, MemoryRecords)
    assert _read(raw, _FetchedBatches) == [
        (0, 1_000, b"key", b"first", [("good", b"1")]),
        (1, 1_001, b"key", None, [("??-name--", b"\xff"), ("ce_id", None)]),
        (2, 1_002, None, b"third", []),
    ]


BOMB_BOUND = 200_000


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a batch of 2 MB is what one of 1 GB is otherwise, and small ones are looked at."""
    monkeypatch.setattr(expansion, "EXPANDED_BYTES_MAX", BOMB_BOUND)


def _bomb(compression: int, *, append_time: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2,
        compression,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10_000_000,
    )
    for place in range(3):
        builder.append(place, 1_000, b"key", bytes(700_000), [("ce_id", b"1")])
    raw = bytearray(builder.build())
    raw[0:8] = (41).to_bytes(8, "big")
    if append_time:  # as the broker marks it
        raw[22] |= 8
        raw[35:43] = (2_000).to_bytes(8, "big")
    return bytes(raw)


@pytest.mark.usefixtures("small_bound")
@pytest.mark.parametrize("compression", [GZIP, LZ4, ZSTD])
@pytest.mark.parametrize(("append_time", "timestamp"), [(False, 1_000), (True, 2_000)])
def test_a_batch_that_would_take_too_much_memory_is_answered_for_without_being_unpacked(
    compression: int, *, append_time: bool, timestamp: int
) -> None:
    raw = _bomb(compression, append_time=append_time)
    assert len(raw) < BOMB_BOUND / 10
    why = [("biolatch-batch-unreadable", b"its batch expands beyond %d bytes" % (64 * 1024 * 1024))]
    tracemalloc.start()
    read = _read(raw, _FetchedBatches)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == [(offset, timestamp, None, None, why) for offset in (41, 42, 43)]
    assert peak < 5 * BOMB_BOUND, peak


@pytest.mark.usefixtures("small_bound")
@pytest.mark.parametrize("compression", [NONE, GZIP, SNAPPY, LZ4, ZSTD])
def test_a_batch_that_is_looked_at_and_not_too_large_is_read_as_by_aiokafka(
    compression: int,
) -> None:
    raw = _batch(compression)
    assert _read(raw, _FetchedBatches) == _read(raw, MemoryRecords)
    if compression not in (NONE, SNAPPY):
        assert _read(_broken(compression), _FetchedBatches)[1][4][0] == ("??-name--", b"\xff")


@pytest.mark.usefixtures("small_bound")
def test_each_record_of_such_a_batch_becomes_a_dead_letter_that_says_why() -> None:
    records = _FetchedBatches(_bomb(ZSTD))
    agent = DevicesAgent(Policy())
    result = agent(Partition("biolatch.device-events", 3), {}, list(records.next_batch()))
    letters = result.outgoing["biolatch.dead-letters"]
    assert result.counts == {("dead_letter", "record.key_missing"): 3}
    assert result.rows == {}
    assert [dict(headers)["biolatch-original-offset"] for *_, headers in letters] == [
        b"41",
        b"42",
        b"43",
    ]
    assert all("biolatch-batch-unreadable" in dict(headers) for *_, headers in letters)


@pytest.mark.parametrize("compression", [NONE, GZIP, LZ4, ZSTD])
@pytest.mark.parametrize("place", ["length of a record", "length of a name"])
def test_a_walk_for_bad_names_never_goes_back(compression: int, place: str) -> None:
    # Found by fuzzing: two thousand million times over the same bytes.
    plain = bytearray(_broken(NONE))
    second = 61 + 1 + (plain[61] >> 1)
    at = second if place == "length of a record" else plain.index(BAD, second) - 1
    plain[at] = 0x81
    plain[at + 1 : at + 1] = b"\x01"  # minus 65, in two bytes
    plain[57:61] = (2**31 - 1).to_bytes(4, "big")
    body = bytes(plain[61:])
    if compression != NONE:
        pack = {GZIP: codec.gzip_encode, LZ4: codec.lz4_encode, ZSTD: codec.zstd_encode}
        body = pack[compression](body)
        plain[22] |= compression
    plain[61:] = body
    plain[8:12] = (len(plain) - 12).to_bytes(4, "big")
    with pytest.raises(CorruptRecordException):
        _read(bytes(plain), _FetchedBatches)


def test_a_walk_for_bad_names_ends_where_the_bytes_end() -> None:
    # Found by fuzzing: the walk went on in memory that is somebody else's, and the process died.
    plain = bytearray(_broken(NONE))
    third = len(plain) - 12  # its length, then itself
    assert plain[third] >> 1 == len(plain) - third - 1
    plain[third + 4 :] = b"\xfe\xff\xff\xff\x0f"  # of its key: two gigabytes
    plain[8:12] = (len(plain) - 12).to_bytes(4, "big")
    with pytest.raises((CorruptRecordException, IndexError)):
        _read(bytes(plain), _FetchedBatches)
