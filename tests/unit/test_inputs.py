import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas.inputs
from events.errors import MalformedInput
from events.facts import FACT_TYPES, AnyFactData, AttemptFinished, EnrollmentSubmitted, PublicKey
from events.timestamps import parse_rfc3339
from events.vocabulary import KeyBinding
from schemas.inputs import decode
from schemas.malformed import MalformedCode
from schemas.plain_inputs import Headers
from schemas.validation import UnknownFields
from tests.unit.generated import STABLE, wire_data
from tests.unit.malformed.envelopes import VALUE_BYTES_MAX, padded_binary, padded_structured
from tests.unit.sound_records import (
    COMPLETE,
    DECLINED,
    DEVICE_ID,
    EVENT_ID,
    FINISHED,
    NOW_MS,
    SOURCE,
    SUBMITTED,
    TIME_MS,
    Record,
    binary,
    compact,
    read,
    required_fields,
    structured,
)

DATA = compact(COMPLETE[FINISHED])
BINARY = binary(FINISHED, DATA)
MODES = pytest.mark.parametrize("mode", [binary, structured])
TYPES = pytest.mark.parametrize("event_type", COMPLETE)
Mode = Callable[[str, bytes], Record]


def as_wire(data: AnyFactData) -> dict[str, Any]:
    """Data as its publisher wrote it, but for its times; what is at its default is left out."""
    return without_defaults(type(data), msgspec.to_builtins(data))


def without_defaults(struct: type[msgspec.Struct], given: dict[str, Any]) -> dict[str, Any]:
    """Data without the optional fields that say what is meant anyway."""
    defaults = {
        field.name: field.default for field in msgspec.structs.fields(struct) if not field.required
    }
    kept = {name: value for name, value in given.items() if defaults.get(name, ...) != value}
    if isinstance(kept.get("public_key"), dict):
        kept["public_key"] = without_defaults(PublicKey, kept["public_key"])
    return kept


@TYPES
@MODES
def test_a_sound_event_is_read_with_every_field(mode: Mode, event_type: str) -> None:
    fact = read(mode(event_type, compact(COMPLETE[event_type])))
    assert (fact.event_id, fact.source, fact.device_id) == (EVENT_ID, SOURCE, DEVICE_ID)
    assert (fact.occurred_at_ms, fact.now_ms, fact.offset) == (TIME_MS, NOW_MS, 7)
    assert fact.data.event_type == event_type
    times = {"password_verified_at": TIME_MS} if event_type == SUBMITTED else {}
    assert as_wire(fact.data) == {**COMPLETE[event_type], **times}


@TYPES
@MODES
def test_optional_fields_may_be_absent_or_null(mode: Mode, event_type: str) -> None:
    required = required_fields(event_type)
    nulls = dict.fromkeys(set(COMPLETE[event_type]) - set(required))
    without = read(mode(event_type, compact(required)))
    assert read(mode(event_type, compact(required | nulls))) == without
    assert set(as_wire(without.data)) == set(required)


def test_what_is_absent_has_the_default_of_the_contract() -> None:
    attempt = read(binary(FINISHED, compact(required_fields(FINISHED)))).data
    assert isinstance(attempt, AttemptFinished)
    assert (attempt.scans, attempt.challenge) == (1, None)
    enrollment = read(binary(SUBMITTED, compact(required_fields(SUBMITTED)))).data
    assert isinstance(enrollment, EnrollmentSubmitted)
    assert enrollment.key_binding is KeyBinding.UNKNOWN


UNKNOWN_MEMBERS = {
    "of every kind": b'"a":1,"b":-2.5e3,"c":[[[]]],"d":null,"e":true,"f":{"g":[{}]},"":""',
    "of another event": b'"os_version":"26","wait_until":7',
    "names escaped": rb'"\u0061":1,"\"":2,"\\":3',
    "colons in texts": rb'"a":":","b":"\":","c":"{\"seq\":9}"',
    "space everywhere": b' "a" : 1 ,\n\t"b"\r:\n2 ',
    "15 levels below": b'"a":' + b"[" * 14 + b"{}" + b"]" * 14,
    "brackets in texts": b'"a":"' + b"[{" * 40 + rb'\\","b":"\"' + b"[" * 40 + b'"',
    "400 digits": b'"a":' + b"9" * 400,
    "beyond a float": b'"a":1e999',
    "whole surrogate pair": rb'"a":"\ud83d\ude00"',
}


@pytest.mark.parametrize("members", UNKNOWN_MEMBERS.values(), ids=UNKNOWN_MEMBERS)
def test_a_consumer_ignores_unknown_fields_and_a_publisher_does_not(members: bytes) -> None:
    record = binary(FINISHED, DATA[:-1] + b"," + members + b"}")
    assert read(record) == read(BINARY)
    with pytest.raises(MalformedInput) as refused:
        read(record, unknown_fields="forbid")
    assert refused.value.code == MalformedCode.FIELD_UNKNOWN


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("os_versoin", "os_versoin"),
        ("o\u202es_upgraded", r"o\u202es_upgraded"),
        ("a\r\nb\x1b[2J", r"a\r\nb\x1b[2J"),
        ("x" * 10_000, "x" * 64 + "..."),
    ],
)
def test_the_name_of_an_unknown_field_is_told_safely(name: str, shown: str) -> None:
    record = binary(FINISHED, compact({**COMPLETE[FINISHED], name: 1}))
    with pytest.raises(MalformedInput) as refused:
        read(record, unknown_fields="forbid")
    assert str(refused.value) == f"the event has no field {shown}"


@pytest.mark.parametrize("unknown_fields", ["ignore", "forbid"])
def test_what_looks_suspicious_and_is_not_passes(unknown_fields: UnknownFields) -> None:
    data = {**COMPLETE[FINISHED], "user_id": '":', "platform_code": '{"seq":1,"seq":2} "a" : 1'}
    fact = read(binary(FINISHED, json.dumps(data, indent=3).encode()), unknown_fields)
    assert as_wire(fact.data) == data
    spaced = DATA.replace(b'"seq":', b'"\\u0073eq" \n:')
    assert read(binary(FINISHED, spaced), unknown_fields) == read(BINARY)


@TYPES
def test_a_plain_event_takes_the_fast_path(
    monkeypatch: pytest.MonkeyPatch, event_type: str
) -> None:
    # Nearly all records are like this one; the exact reader costs several times as much.
    def unexpected(_: bytes) -> None:
        pytest.fail("the exact reader was asked")

    monkeypatch.setattr(schemas.inputs, "read_object", unexpected)
    for data in (COMPLETE[event_type], required_fields(event_type)):
        read(binary(event_type, compact(data)), "forbid")
        read(binary(event_type, json.dumps(data).encode()))


@pytest.mark.parametrize("padded", [padded_binary, padded_structured])
def test_a_value_of_16_kib_is_not_too_large(padded: Callable[[int], Record]) -> None:
    record = padded(VALUE_BYTES_MAX)
    assert len(record.value or b"") == VALUE_BYTES_MAX
    assert read(record).data.event_type == FINISHED


@pytest.mark.parametrize(
    ("content_type", "record"),
    [
        *((text, BINARY) for text in ("Application/JSON", "application/json; charset=UTF-8")),
        *((text, BINARY) for text in ("application/json;", " application/json ;a=b;c=\xff")),
        *(
            (text, structured(FINISHED, DATA))
            for text in (
                "application/cloudevents+json; charset=UTF-8",
                "APPLICATION/CloudEvents+JSON;charset=utf-8",
            )
        ),
    ],
)
def test_a_content_type_may_have_parameters_and_any_case(content_type: str, record: Record) -> None:
    asked = record.with_header("content-type", content_type.encode("latin-1"))
    assert read(asked) == read(BINARY)


def test_headers_may_come_in_any_order_among_others() -> None:
    others = (("x-hop", b"1"), ("x-hop", b"2"), ("x-hop", None), ("CE_ID", b"no attribute"))
    extensions = (
        ("ce_traceparent", b"00-0af7-b7ad-01"),
        ("ce_custom", b"\xff"),
        ("ce_empty", None),
    )
    reordered = replace(BINARY, headers=(*others, *reversed(BINARY.headers), *extensions))
    assert read(reordered) == read(BINARY)


def test_a_structured_event_may_carry_extensions_and_headers() -> None:
    extensions = {"traceparent": "00-0af7-b7ad-01", "count": 7, "flag": True, "none": None}
    for content_type in ("application/json", "Application/JSON; charset=UTF-8", None):
        record = structured(FINISHED, DATA, datacontenttype=content_type, **extensions)
        assert read(record) == read(BINARY)
    # The value speaks for the event, not the headers (CloudEvents, Kafka binding, section 3.3).
    assert read(record.with_more_headers(("ce_id", b"another"))) == read(BINARY)
    assert read(structured(FINISHED, DATA, data_base64=None)) == read(BINARY)


@pytest.mark.parametrize("text", ["~", " ", "a b", '"', "\\", "{}", "%00", "x" * 128])
def test_an_id_is_any_printable_ascii(text: str) -> None:
    record = replace(BINARY, key=text.encode())
    for name in ("ce_id", "ce_source", "ce_subject"):
        record = record.with_header(name, text.encode())
    record = replace(record, value=compact({**COMPLETE[FINISHED], "user_id": text}))
    fact = read(record)
    assert isinstance(fact.data, AttemptFinished)
    assert {fact.event_id, fact.source, fact.device_id, fact.data.user_id} == {text}


@pytest.mark.parametrize("timestamp_ms", [0, 253_339_228_799_999])
def test_the_record_s_time_is_the_only_now(timestamp_ms: int) -> None:
    assert read(replace(BINARY, timestamp=timestamp_ms)).now_ms == timestamp_ms


@pytest.mark.parametrize("data_type", FACT_TYPES)
@MODES
def test_every_event_that_a_publisher_can_send_is_read(
    mode: Mode, data_type: type[AnyFactData]
) -> None:
    @STABLE
    @given(wire_data(data_type), st.booleans())
    def check(data: dict[str, Any], ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis gives it
        text = json.dumps(data, ensure_ascii=ascii_only).encode()
        if len(text) > VALUE_BYTES_MAX // 2:
            return
        fact = read(mode(data_type.event_type, text), "forbid")
        times = {
            name: parse_rfc3339(value)
            for name, value in data.items()
            if name == "password_verified_at"
        }
        assert as_wire(fact.data) == without_defaults(data_type, {**data, **times})

    check()


BYTES = st.none() | st.binary(max_size=60)
HEADER_NAMES = st.text(max_size=12) | st.sampled_from([name for name, _ in BINARY.headers])
HEADER_VALUES = BYTES | st.sampled_from([value for _, value in BINARY.headers])


@STABLE
@given(
    key=BYTES | st.just(b"phone-1"),
    value=BYTES,
    headers=st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=10),
    timestamp_ms=st.integers(-(2**63), 2**63 - 1),
)
def test_no_record_raises_anything_but_malformed_input(
    key: bytes | None, value: bytes | None, headers: Headers, timestamp_ms: int
) -> None:
    with suppress(MalformedInput):
        decode(key, value, headers, timestamp_ms=timestamp_ms, offset=0)


@STABLE
@given(
    record=st.sampled_from([BINARY, structured(FINISHED, DATA), binary(DECLINED, b"{}")]),
    place=st.integers(0, 1_000),
    cut=st.integers(0, 12),
    inserted=st.binary(max_size=12) | st.text(max_size=4).map(str.encode),
)
def test_no_damage_to_a_value_raises_anything_but_malformed_input(
    record: Record, place: int, cut: int, inserted: bytes
) -> None:
    value = record.value or b""
    damaged = value[:place] + inserted + value[place + cut :]
    with suppress(MalformedInput):
        read(replace(record, value=damaged))
