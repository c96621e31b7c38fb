"""A header name that is not UTF-8 must not stop a partition."""

import pytest
from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from agents.lane.kafka.record_batches import _FetchedBatches

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
