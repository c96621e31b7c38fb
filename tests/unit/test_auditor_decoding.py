"""What the model decodes, and what it calls a dead letter (design, section 2)."""

import json
from random import Random

import pytest

from tests.auditor.decoding import Event, Malformed, decode
from tests.auditor.records import Headers, RawRecord
from tests.auditor.times import parse_time, write_time
from tests.property.malformed import BREAKERS
from tests.property.phone import Phone
from tests.property.world import World

DATA = {"user_id": "ann", "channel": "settings"}
HEADERS: dict[str, bytes] = {
    "ce_specversion": b"1.0",
    "ce_id": b"1",
    "ce_source": b"/backend",
    "ce_type": b"biolatch.enrollment.declined.v1",
    "ce_subject": b"phone",
    "ce_time": b"2026-03-01T09:00:00Z",
    "content-type": b"application/json",
}


SOUND_HEADERS: Headers = tuple(HEADERS.items())


def record(
    value: bytes | None, headers: Headers = SOUND_HEADERS, key: bytes = b"phone"
) -> RawRecord:
    return RawRecord("events", 0, 0, 0, key, value, headers)


def data(**fields: object) -> bytes:
    return json.dumps({**DATA, **fields}).encode()


def nested(levels: int) -> bytes:
    """Data of so many levels, the object itself counted."""
    unknown = "[" * (levels - 1) + "]" * (levels - 1)
    return (json.dumps(DATA)[:-1] + f', "unknown": {unknown}}}').encode()


@pytest.mark.parametrize("kind", sorted(BREAKERS))
def test_every_way_to_break_a_record(kind: str) -> None:
    parts = BREAKERS[kind](Random(1), Phone(World(1), 0))
    with pytest.raises(Malformed):
        decode(RawRecord("events", 0, 0, 0, parts.key, parts.value, parts.headers))


def test_a_sound_record() -> None:
    assert decode(record(data())) == Event(
        event_id="1",
        source="/backend",
        type="biolatch.enrollment.declined.v1",
        device_id="phone",
        time_ms=parse_time("2026-03-01T09:00:00Z"),
        data=DATA,
    )


def test_unknown_fields_headers_and_extensions_are_ignored() -> None:
    headers = [*HEADERS.items(), ("ce_partitionkey", b"phone"), ("x", b"1"), ("x", b"\xff")]
    assert decode(record(data(unknown={"a": [1.5, None]}, scans="no number"), headers)).data == DATA


def test_null_for_an_optional_field_is_its_absence() -> None:
    headers = {**HEADERS, "ce_type": b"biolatch.device.erased.v1"}
    assert decode(record(b'{"user_id": null}', tuple(headers.items()))).user_id is None


def test_structured_mode() -> None:
    envelope = {
        "specversion": "1.0",
        "id": "1",
        "source": "/backend",
        "type": "biolatch.enrollment.declined.v1",
        "subject": "phone",
        "time": "2026-03-01T09:00:00Z",
        "datacontenttype": "application/json",
        "extension": "unknown",
        "data": DATA,
    }
    headers = [("content-type", b"application/CloudEvents+json; charset=UTF-8")]
    assert decode(record(json.dumps(envelope).encode(), headers)) == decode(record(data()))


def test_the_limits_themselves_are_allowed() -> None:
    headers = {**HEADERS, "ce_subject": b"~" * 128, "ce_id": b" " * 128}
    assert decode(record(data(user_id="a" * 128), tuple(headers.items()), b"~" * 128)).user_id
    spaces = b" " * (16 * 1024 - len(data()))
    assert decode(record(data() + spaces)).data == DATA
    with pytest.raises(Malformed):
        decode(record(data() + spaces + b" "))
    assert decode(record(nested(16))).data == DATA
    with pytest.raises(Malformed):
        decode(record(nested(17)))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-01T09:00:00Z", "2026-03-01T09:00:00.000Z"),
        ("2026-03-01T09:00:00.1Z", "2026-03-01T09:00:00.100Z"),
        ("2026-03-01T09:00:00.9999999Z", "2026-03-01T09:00:00.999Z"),
        ("2026-03-01T01:30:00.5+05:30", "2026-02-28T20:00:00.500Z"),
        ("2024-02-28T23:00:00-12:00", "2024-02-29T11:00:00.000Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_whole_milliseconds_in_utc(text: str, utc: str) -> None:
    assert write_time(parse_time(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01",
        "2026-03-01T09:00Z",
        "2026-03-01 09:00:00Z",
        "2026-03-01T09:00:00",
        "2026-03-01T09:00:00.Z",
        "2026-03-01T09:00:60Z",
        "2026-02-29T09:00:00Z",
        "2026-03-01T09:00:00+0100",
        "2026-03-01T09:00:00+01:60",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "２０26-03-01T09:00:00Z",  # noqa: RUF001 - digits that are not ASCII
    ],
)
def test_other_times_are_malformed(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@pytest.mark.parametrize("value", [b'"\\ud800"', b'{"unknown": "\\ud800"}'])
def test_half_a_surrogate_pair_is_no_text(value: bytes) -> None:
    with pytest.raises(Malformed):
        decode(record(value))
