"""Unpacking record batches within a bound: a few kilobytes can claim to be gigabytes.

Kafka bounds a batch as it is sent, not what it expands to: 1 MiB of Zstandard is 32 GiB of zeros,
and the broker itself never holds it as a whole. A consumer does, so whoever may write to a topic
could end every worker that its partition comes to, one after another.
"""

# aiokafka and cramjam have no types: what comes from them is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportAny=false

import gzip
import io
import mmap
from typing import Final

import cramjam
from aiokafka.record.default_records import DefaultRecordBase

EXPANDED_BYTES_MAX: Final = 64 * 1024 * 1024
"""Most that a batch may expand to: 64 times the largest batch, several times what JSON comes to."""

_HEAD_BYTES: Final[int] = DefaultRecordBase.HEADER_STRUCT.size
_MAGIC: Final = 2
_MAGIC_AT: Final = 16
_ATTRIBUTES_LOW_BYTE_AT: Final = 22
_CODEC_MASK: Final[int] = DefaultRecordBase.CODEC_MASK
_EXPANDS_TIMES_MAX: Final = {
    DefaultRecordBase.CODEC_NONE: 1,
    DefaultRecordBase.CODEC_SNAPPY: 22,
    DefaultRecordBase.CODEC_LZ4: 255,
    DefaultRecordBase.CODEC_GZIP: 1032,
}
"""By the formats themselves. Most batches are so small that nothing needs to be looked at."""

_BUFFER_IS_FULL: Final = "failed to write whole buffer"


class TooLarge(Exception):  # noqa: N818 - says what is wrong with the batch
    """A batch expands beyond `EXPANDED_BYTES_MAX`."""


def unpacked(raw: memoryview) -> bytes | memoryview:
    """The batch itself if it cannot be too large, else as if its publisher had not compressed it.

    The checksum is not made anew. Raises what the codec raises at bytes that are not its own.

    Raises:
        TooLarge: it expands beyond the bound.
    """
    if raw[_MAGIC_AT] != _MAGIC:  # a broker of version 4 takes no other
        return raw
    codec = raw[_ATTRIBUTES_LOW_BYTE_AT] & _CODEC_MASK
    times_max = _EXPANDS_TIMES_MAX.get(codec)
    if times_max is not None and len(raw) * times_max <= EXPANDED_BYTES_MAX:
        return raw
    packed = raw[_HEAD_BYTES:]
    body = _gunzipped(packed) if codec == DefaultRecordBase.CODEC_GZIP else _unzip(codec, packed)
    head = bytearray(raw[:_HEAD_BYTES])
    head[_ATTRIBUTES_LOW_BYTE_AT] &= ~_CODEC_MASK
    return bytes(head) + body


def _gunzipped(packed: memoryview) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        body = file.read(EXPANDED_BYTES_MAX + 1)
    if len(body) > EXPANDED_BYTES_MAX:
        raise TooLarge
    return body


def _unzip(codec: int, packed: memoryview) -> bytes:
    library = cramjam.lz4 if codec == DefaultRecordBase.CODEC_LZ4 else cramjam.zstd
    # A map's memory is taken as it is written to; a bytearray's all at once.
    with mmap.mmap(-1, EXPANDED_BYTES_MAX) as buffer:
        try:
            size: int = library.decompress_into(bytes(packed), buffer)
        except cramjam.DecompressionError as error:
            if str(error) == _BUFFER_IS_FULL:
                raise TooLarge from error
            raise
        return buffer[:size]
