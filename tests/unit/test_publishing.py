import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import MalformedInput
from events.facts import FACT_TYPES, AnyFactData
from schemas.malformed import MalformedCode as Code
from schemas.publishing import read_line
from tests.unit.generated import IDS, STABLE, wire_data
from tests.unit.malformed.envelopes import VALUE_BYTES_MAX
from tests.unit.malformed.lines import BROKEN_LINES, line
from tests.unit.sound_records import (
    COMPLETE,
    FINISHED,
    TIME_MS,
    Record,
    attributes,
    binary,
    compact,
    read,
)

SOUND = compact(COMPLETE[FINISHED])


@pytest.mark.parametrize(("refused_line", "code"), BROKEN_LINES.values(), ids=BROKEN_LINES)
def test_a_publisher_s_mistake_has_its_code(refused_line: bytes, code: Code) -> None:
    with pytest.raises(MalformedInput) as refused:
        read_line(refused_line)
    assert refused.value.code == code


def test_a_wrong_name_is_repeated_to_its_author() -> None:
    with pytest.raises(MalformedInput, match=r"no field public_key\.d$"):
        read_line(BROKEN_LINES["private key"][0])


@pytest.mark.parametrize("event_type", COMPLETE)
def test_a_line_becomes_the_record_that_every_consumer_reads(event_type: str) -> None:
    data = compact(COMPLETE[event_type])
    event = read_line(b" " + line(event_type, data) + b"\r\n")
    expected = binary(event_type, data)
    assert (event.key, event.value, event.headers) == (expected.key, data, expected.headers)
    record = Record(event.key, event.value, event.headers, timestamp=0, offset=0)
    assert read(record, "forbid") == event.fact
    assert (event.fact.now_ms, event.fact.offset) == (0, 0)
    assert event.fact.occurred_at_ms == TIME_MS


def test_extensions_travel_as_headers_in_the_order_of_the_line() -> None:
    extensions = {"traceparent": "00-0af7-b7ad-01", "dataschema": "urn:é", "a" * 20: ""}
    event = read_line(line(FINISHED, SOUND, **extensions, unset=None))
    assert event.headers[6:] == (
        ("ce_traceparent", b"00-0af7-b7ad-01"),
        ("ce_dataschema", "urn:é".encode()),
        ("ce_" + "a" * 20, b""),
        ("content-type", b"application/json"),
    )


def test_null_is_absent_and_the_content_type_of_the_data_may_be_said() -> None:
    plain = read_line(line(FINISHED, SOUND))
    nulls = compact({**COMPLETE[FINISHED], "unset": None})
    for content_type in (None, "application/json"):
        assert read_line(line(FINISHED, nulls, datacontenttype=content_type)) == plain


def test_space_in_a_line_does_not_count_for_the_size_of_its_value() -> None:
    wide = json.dumps(
        {**attributes(FINISHED), "data": dict(COMPLETE[FINISHED])}, indent=5_000
    ).encode()
    assert len(wide) > VALUE_BYTES_MAX
    assert read_line(wide) == read_line(line(FINISHED, SOUND))


@pytest.mark.parametrize("data_type", FACT_TYPES)
def test_whatever_a_publisher_may_say_arrives_unchanged(data_type: type[AnyFactData]) -> None:
    @STABLE
    @given(wire_data(data_type), IDS, IDS, IDS)
    def check(data: dict[str, Any], event_id: str, source: str, subject: str) -> None:
        own = {"id": event_id, "source": source, "subject": subject}
        event = read_line(line(data_type.event_type, compact(data), **own))
        assert json.loads(event.value) == data
        fact = read(Record(event.key, event.value, event.headers))
        assert (fact.event_id, fact.source, fact.device_id) == (event_id, source, subject)
        assert fact.data == event.fact.data

    check()


@STABLE
@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_no_line_raises_anything_but_malformed_input(text: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_line(text)
