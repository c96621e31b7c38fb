"""Fuzz targets of the codec: records, JSON, times, and lines of the publisher's side."""

import json

from deploy.publishing.lines import LINE_BYTES_MAX, LineSplitter
from events.errors import MalformedInput
from events.facts import Fact
from events.timestamps import format_rfc3339, parse_rfc3339
from schemas.dead_letters import ENVELOPE_BYTES_MAX, Origin, dead_letter
from schemas.inputs import _read_exactly
from schemas.publishing import read_line
from schemas.strict_json import NESTING_MAX, Json, read_json
from schemas.topics import DEAD_LETTER_VALUE_BYTES_MAX, DEVICE_EVENTS
from tests.fuzz.expected import malformed_or, same
from tests.fuzz.record_form import from_form
from tests.unit.sound_records import Record, read


def inputs(data: bytes) -> None:
    """Every reader of a record says the same, and what is read is within the contract."""
    record = from_form(data)[0]
    said = malformed_or(lambda: read(record))
    exact = malformed_or(
        lambda: _read_exactly(
            record.key, record.value, record.headers, record.timestamp, record.offset, "ignore"
        )
    )
    assert same(said, exact), (said, exact)
    strict = malformed_or(lambda: read(record, "forbid"))
    assert isinstance(strict, MalformedInput) or strict == said
    if isinstance(said, Fact):
        _check_fact(record, said)


def _check_fact(record: Record, fact: Fact) -> None:
    assert fact.device_id.encode() == record.key
    for text in (fact.event_id, fact.source, fact.device_id):
        assert 1 <= len(text) <= 128
        assert text.isascii()
        assert text.isprintable()
    assert parse_rfc3339(format_rfc3339(fact.occurred_at_ms)) == fact.occurred_at_ms
    assert (fact.now_ms, fact.offset) == (record.timestamp, record.offset)


def json_text(data: bytes) -> None:
    """What passes is what Python's own reader says, is not deep, and can be written again."""
    read_ = malformed_or(lambda: read_json(data))
    if not isinstance(read_, MalformedInput):
        text = data.decode("utf-8")
        assert repr(json.loads(text)) == repr(read_)
        assert _depth(read_) <= NESTING_MAX
        json.dumps(read_, ensure_ascii=False).encode()


def _depth(document: Json) -> int:
    if isinstance(document, dict):
        return 1 + max((_depth(member) for member in document.values()), default=0)
    if isinstance(document, list):
        return 1 + max((_depth(member) for member in document), default=0)
    return 0


def timestamps(data: bytes) -> None:
    """A time is refused with a ValueError, or is written as it was read."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        instant_ms = parse_rfc3339(text)
    except ValueError:
        return
    written = format_rfc3339(instant_ms)
    assert len(written) == len("2026-01-31T23:59:59.999Z")
    assert parse_rfc3339(written) == instant_ms


def lines(data: bytes) -> None:
    """What a publisher may send, every consumer reads, and as the same event."""
    splitter = LineSplitter()
    middle = len(data) // 2
    pieces = (data[:middle], data[middle:])
    split = [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()
    assert [line.number for line in split] == list(range(1, len(split) + 1))
    for line in split:
        if line.text is None:
            continue
        assert len(line.text) <= LINE_BYTES_MAX
        text = line.text
        event = malformed_or(lambda text=text: read_line(text))
        if isinstance(event, MalformedInput):
            continue
        headers = dict(event.headers)
        assert len(headers) == len(event.headers)
        for name, value in headers.items():
            if name in {"ce_id", "ce_source", "ce_subject", "ce_type", "ce_time"}:
                assert b"\r" not in value
                assert b"\n" not in value
        sent = Record(event.key, event.value, event.headers, timestamp=0, offset=0)
        assert read(sent) == event.fact


def dead_letters(data: bytes) -> None:
    """Whatever a record is, its dead letter fits, and says which record it was."""
    for record in from_form(data):
        # Larger than a fuzzer makes them: the bounds are what is asked about.
        for times in (1, 700):
            value = record.value and record.value * times
            key = record.key and record.key * times
            key_left, value_left, headers = dead_letter(
                key,
                value,
                record.headers,
                origin=Origin(DEVICE_EVENTS, 3, record.offset, record.timestamp),
                code="data.not_json",
                message="not JSON",
            )
            size = sum(len(name.encode()) + len(text or b"") for name, text in headers)
            assert len(value_left or b"") <= DEAD_LETTER_VALUE_BYTES_MAX
            assert len(key_left or b"") <= ENVELOPE_BYTES_MAX
            assert size <= ENVELOPE_BYTES_MAX + 1024
            assert (key or b"").startswith(key_left or b"")
            assert (value or b"").startswith(value_left or b"")
            whole = (key_left, value_left) == (key, value) and len(headers) - 6 == len(
                record.headers
            )
            own = dict(headers)
            assert whole or "biolatch-truncated" in own
            assert own["biolatch-original-offset"] == str(record.offset).encode()
            assert own["biolatch-error-code"] == b"data.not_json"
