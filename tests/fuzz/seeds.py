"""What fuzzing starts from: the golden records, every malformed record there is, and sound ones."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder

from agents.core.state import UNKNOWN_DEVICE
from agents.device_rows import encode_row
from agents.lane.position import Position
from deploy.records.publisher import KeyedRecord
from tests.fuzz.record_form import to_form
from tests.fuzz.signing_keys import KIDS, keys_file, signer
from tests.unit.malformed.envelopes import BAD_TIMES
from tests.unit.malformed.lines import BROKEN_LINES
from tests.unit.malformed.table import MALFORMED
from tests.unit.malformed.texts import BROKEN_TEXTS
from tests.unit.sound_records import (
    COMPLETE,
    FINISHED,
    NOW_MS,
    TIME,
    Record,
    binary,
    compact,
    required_fields,
    structured,
)

_GOLDEN: Final = Path(__file__).parents[1] / "golden"
_SEED_BYTES_MAX: Final = 4096
"""Longer ones slow a fuzzer down and teach it nothing; they have tests of their own."""

_COMPRESSIONS: Final = (0, 1, 2, 3, 4)


def _golden(folder: str) -> Iterator[dict[str, Any]]:
    for file in sorted((_GOLDEN / folder).glob("*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))


def _raw(frozen: str | dict[str, str] | None) -> bytes | None:
    if frozen is None:
        return None
    return frozen.encode() if isinstance(frozen, str) else bytes.fromhex(frozen["hex"])


@cache
def sound() -> tuple[Record, ...]:
    """Every event type in both modes, complete and with what is required only; the golden ones."""
    golden = [
        Record(
            _raw(frozen["key"]),
            _raw(frozen["value"]),
            tuple((name, _raw(value)) for name, value in frozen["headers"]),
            frozen["timestamp_ms"],
        )
        for each in _golden("inputs")
        for frozen in [each["record"]]
    ]
    made = [
        mode(event_type, compact(data))
        for mode in (binary, structured)
        for event_type in COMPLETE
        for data in (COMPLETE[event_type], required_fields(event_type))
    ]
    return (*golden, *made)


def records() -> Iterator[bytes]:
    """Single records, sound and malformed."""
    for record in (*sound(), *(record for record, _ in MALFORMED.values())):
        yield to_form([record])


def signed() -> Iterator[Record]:
    """Sound records with a right signature of each key."""
    for kid in KIDS:
        for record in sound():
            unsigned = KeyedRecord(record.key or b"", record.value or b"", record.headers)  # type: ignore[arg-type]
            yield Record(record.key, record.value, tuple(signer(kid).signed(unsigned).headers))


def signatures() -> Iterator[bytes]:
    """Signed records, alone and some together."""
    made = [record for record in signed() if len(record.value or b"") < _SEED_BYTES_MAX]
    yield from (to_form([record]) for record in made)
    yield to_form(made[:3])
    yield to_form([made[0], binary(FINISHED, compact(COMPLETE[FINISHED])), made[-1]])


def batches_of_records() -> Iterator[bytes]:
    """Some records of one phone after another, with a malformed one and a signed one among them."""
    story = list(sound())
    for start in range(0, len(story), 6):
        some = story[start : start + 6]
        yield to_form(
            record.with_header("ce_id", f"event-{place}".encode())
            if "ce_id" in dict(record.headers)
            else record
            for place, record in enumerate(some)
        )
    malformed = [record for record, _ in MALFORMED.values()]
    signed_ones = list(signed())
    for start in range(0, len(malformed), 20):
        yield to_form([story[0], malformed[start], signed_ones[0], story[5]])


def histories() -> Iterator[bytes]:
    """Bytes that choose; any do."""
    for stride in (1, 7, 31, 97):
        yield bytes(stride * number % 256 for number in range(400))
    yield bytes(60)
    yield b"\x05" * 200


def json_texts() -> Iterator[bytes]:
    """Texts in place of an event's data, and sound ones."""
    yield from (text for text, _ in BROKEN_TEXTS.values())
    yield from (compact(data) for data in COMPLETE.values())
    yield b'{"a":[1,-2.5e3,"\\ud83d\\ude00",null,true,{"b":{}}]}'


def times() -> Iterator[bytes]:
    """Good and bad times."""
    yield from (text.encode() for text in BAD_TIMES.values())
    yield from (TIME.encode(), b"1970-01-01t00:00:00.0019999z", b"9999-12-31T22:59:59.9-01:00")


def lines() -> Iterator[bytes]:
    """Lines for `biolatch publish`, sound and broken."""
    broken = [line for line, _ in BROKEN_LINES.values()]
    sound_ones = [
        structured(event_type, compact(data)).value or b"" for event_type, data in COMPLETE.items()
    ]
    yield from (*broken, *sound_ones, b"\n".join(sound_ones[:3]), b"\xef\xbb\xbf" + sound_ones[0])


def key_files() -> Iterator[bytes]:
    """Files of publishers' keys."""
    file = json.loads(keys_file())
    yield keys_file()
    for key in file["keys"]:
        grants = {key["kid"]: file["grants"][key["kid"]]}
        yield compact({"keys": [key], "grants": grants})
        yield from (
            compact({"keys": [{**key, name: value}], "grants": grants})
            for name in key
            for value in (None, 7, "", "A" * 43, [], {})
        )
    timed = {
        "ed": {"event_types": ["*"], "sources": ["*"], "not_before": "0001-01-01T00:00:00+14:00"}
    }
    yield compact({"keys": file["keys"][:1], "grants": timed})


def rows() -> Iterator[bytes]:
    """Stored rows."""
    yield from (bytes.fromhex(each["row"]["hex"]) for each in _golden("rows"))
    yield encode_row(UNKNOWN_DEVICE)


def positions() -> Iterator[bytes]:
    """Position records."""
    yield Position("biolatch.device-events", 41, 4, 1).encode()
    yield b'{"topic":"t","next_offset":true,"partition_count":-1,"row_format":1e0}'


def record_batches() -> Iterator[bytes]:
    """Record batches as a broker hands them out, in every compression."""
    for compression in _COMPRESSIONS:
        yield _batch(compression)
        yield _batch(compression) * 2
        if compression != 2:
            yield _with_a_bad_name(compression)
    yield _batch(0, transactional=True)


def _batch(compression: int, *, transactional: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2,
        compression,
        is_transactional=int(transactional),
        producer_id=1 if transactional else -1,
        producer_epoch=0 if transactional else -1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for offset, record in enumerate((*sound()[:2], Record(None, None, (("xx-marker", b"\xff"),)))):
        builder.append(offset, NOW_MS, record.key, record.value, list(record.headers))
    return bytes(builder.build())


def _with_a_bad_name(compression: int) -> bytes:
    plain = bytearray(_batch(0).replace(b"xx-marker", b"\xff\xfe-name--"))
    if compression == 0:
        return bytes(plain)
    head = DefaultRecordBase.HEADER_STRUCT.size
    pack = {1: codec.gzip_encode, 3: codec.lz4_encode, 4: codec.zstd_encode}[compression]
    plain[head:] = pack(bytes(plain[head:]))
    plain[22] |= compression
    plain[8:12] = (len(plain) - 12).to_bytes(4, "big")
    return bytes(plain)


def short(seeds: Iterable[bytes]) -> list[bytes]:
    """Those that are not too long, each once, in order."""
    return [seed for seed in dict.fromkeys(seeds) if len(seed) <= _SEED_BYTES_MAX]
