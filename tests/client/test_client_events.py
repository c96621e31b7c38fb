"""The client's models and records against those of `events` and of `biolatch publish`."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from biolatch_client import EventRefused
from biolatch_client.event_model import as_refused
from biolatch_client.events import EVENT_TYPES
from biolatch_client.instants import format_instant, instant_ms, parse_instant, whole_milliseconds
from biolatch_client.partitioner import partition_of
from biolatch_client.records import Envelope, EventRecord, record_of
from deploy.records import partitioner
from events.facts import FACT_TYPES, AnyFactData
from events.timestamps import format_rfc3339, parse_rfc3339
from schemas.publishing import read_line
from tests.unit.generated import wire_data
from tests.unit.malformed.envelopes import VALUE_BYTES_MAX
from tests.unit.malformed.fields import BROKEN_FIELDS, BrokenField
from tests.unit.malformed.lines import line
from tests.unit.sound_records import (
    COMPLETE,
    DATA_TYPES,
    DECLINED,
    DEVICE_ID,
    EVENT_ID,
    FINISHED,
    SOURCE,
    SUBMITTED,
    TIME,
    compact,
    required_fields,
)

MODELS = {model.event_type: model for model in EVENT_TYPES}
ENVELOPE = Envelope(event_id=EVENT_ID, occurred_at=parse_instant(TIME))
DECLINES = MODELS[DECLINED].model_validate_json(compact(COMPLETE[DECLINED]))


def record(event_type: str, data: object) -> EventRecord:
    event = MODELS[event_type].model_validate_json(json.dumps(data))
    return record_of(DEVICE_ID, event, source=SOURCE, envelope=ENVELOPE)


def test_there_is_a_model_for_each_event_with_its_fields_and_defaults() -> None:
    assert list(MODELS) == list(DATA_TYPES)
    for event_type, model in MODELS.items():
        fields = msgspec.structs.fields(DATA_TYPES[event_type])
        assert [(each.name, each.required) for each in fields] == [
            (name, field.is_required()) for name, field in model.model_fields.items()
        ]
        for each in fields:
            assert each.required or each.default == model.model_fields[each.name].default


@pytest.mark.parametrize("event_type", COMPLETE)
def test_a_record_has_the_bytes_that_the_publish_command_writes(event_type: str) -> None:
    written = read_line(line(event_type, compact(COMPLETE[event_type])))
    mine = record(event_type, COMPLETE[event_type])
    assert (mine.key, mine.value, mine.headers) == written[:3]


@pytest.mark.parametrize("event_type", COMPLETE)
def test_what_is_not_given_reads_as_if_the_publish_command_had_left_it_out(event_type: str) -> None:
    written = read_line(line(event_type, compact(required_fields(event_type))))
    mine = record(event_type, required_fields(event_type))
    again = read_line(line(event_type, mine.value))
    assert again.fact == written.fact


@pytest.mark.parametrize("data_type", FACT_TYPES)
def test_whatever_a_publisher_may_say_passes_and_says_the_same(
    data_type: type[AnyFactData],
) -> None:
    @settings(max_examples=30)
    @given(wire_data(data_type))
    def says_the_same(data: dict[str, object]) -> None:
        expected = read_line(line(data_type.event_type, json.dumps(data).encode()))
        mine = record(data_type.event_type, data)
        assert read_line(line(data_type.event_type, mine.value)).fact == expected.fact

    says_the_same()


@pytest.mark.parametrize("broken", BROKEN_FIELDS.values(), ids=BROKEN_FIELDS)
def test_a_broken_field_gets_the_server_s_code(broken: BrokenField) -> None:
    with pytest.raises(ValidationError) as refused:
        MODELS[broken.event_type].model_validate_json(json.dumps(broken.data))
    assert as_refused(refused.value).code == broken.code


@pytest.mark.parametrize(
    ("name", "value"), [("reason", "creepy"), ("platform", "ios"), ("occurred_at", TIME)]
)
def test_an_unknown_field_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MODELS[DECLINED].model_validate({**COMPLETE[DECLINED], name: value})
    assert as_refused(refused.value).code in {"data.field_unknown", "data.field_type"}
    with pytest.raises(ValidationError) as refused:
        MODELS[DECLINED].model_validate_json(json.dumps({**COMPLETE[DECLINED], name: value}))
    error = as_refused(refused.value)
    assert (error.code, str(error)) == ("data.field_unknown", f"the event has no field {name}")


def test_a_refusal_never_repeats_a_value() -> None:
    data = {**COMPLETE[SUBMITTED], "user_id": "secret-\N{SNOWMAN}", "bio_epoch": "secret"}
    with pytest.raises(ValidationError) as refused:
        MODELS[SUBMITTED].model_validate_json(json.dumps(data))
    assert "secret" not in str(as_refused(refused.value))


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("record.key_invalid", {"device_id": ""}),
        ("record.key_invalid", {"device_id": "ph\N{LATIN SMALL LETTER O WITH DIAERESIS}ne"}),
        ("record.key_invalid", {"device_id": "x" * 129}),
        ("envelope.source_invalid", {"source": "\n"}),
        ("envelope.id_invalid", {"envelope": Envelope(event_id="")}),
        ("envelope.time_invalid", {"envelope": Envelope(occurred_at=datetime(2026, 1, 1))}),  # noqa: DTZ001
        ("data.field_unknown", {"envelope": Envelope(extensions={"traceParent": "x"})}),
        ("data.field_unknown", {"envelope": Envelope(extensions={"id": "x"})}),
        ("data.field_unknown", {"envelope": Envelope(extensions={"signature": "x"})}),
        ("data.not_json", {"envelope": Envelope(extensions={"a": "\ud800"})}),
        ("envelope.too_large", {"envelope": Envelope(extensions={"a": "x" * VALUE_BYTES_MAX})}),
    ],
)
def test_a_wrong_envelope_is_refused_before_anything_is_sent(
    code: str, changes: dict[str, Any]
) -> None:
    arguments: dict[str, Any] = {"device_id": DEVICE_ID, "source": SOURCE, **changes}
    device_id = arguments.pop("device_id")
    with pytest.raises(EventRefused) as refused:
        record_of(device_id, DECLINES, **arguments)
    assert refused.value.code == code


def test_a_value_as_large_as_biolatch_takes_passes_and_one_byte_more_does_not() -> None:
    data = {**COMPLETE[FINISHED], "challenge": ""}
    room = VALUE_BYTES_MAX - len(compact(data))
    fits = record(FINISHED, {**data, "challenge": "x" * room})
    assert len(fits.value) == VALUE_BYTES_MAX
    read_line(line(FINISHED, fits.value))
    with pytest.raises(EventRefused) as refused:
        record(FINISHED, {**data, "challenge": "x" * (room + 1)})
    assert refused.value.code == "record.value_too_large"


def test_extensions_travel_as_the_publish_command_sends_them() -> None:
    extensions = {"traceparent": "00-0af7-b7ad-01", "dataschema": "urn:\N{SNOWMAN}"}
    written = read_line(line(DECLINED, compact(COMPLETE[DECLINED]), **extensions))
    envelope = Envelope(event_id=EVENT_ID, occurred_at=parse_instant(TIME), extensions=extensions)
    mine = record_of(DEVICE_ID, DECLINES, source=SOURCE, envelope=envelope)
    assert mine.headers == written.headers


def test_an_event_without_an_id_gets_a_new_one_each_time() -> None:
    ids = {record_of(DEVICE_ID, DECLINES, source=SOURCE).event_id for _ in range(3)}
    assert len(ids) == 3


@given(st.binary(min_size=1, max_size=128), st.integers(1, 1000))
def test_a_device_lives_where_every_other_publisher_puts_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) == partitioner.partition_of(key, partitions)


@given(st.datetimes(), st.integers(-1439, 1439), st.sampled_from(["T", "t"]))
def test_instants_are_read_and_written_as_the_server_does(
    moment: datetime, offset_min: int, letter: str
) -> None:
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    text = moment.isoformat().replace("T", letter)
    try:
        expected = parse_rfc3339(text)
    except ValueError:
        with pytest.raises(ValueError, match="years 1 to 9999"):
            parse_instant(text)
        return
    assert instant_ms(text) == expected
    assert format_instant(parse_instant(text)) == format_rfc3339(expected)
    assert format_instant(whole_milliseconds(moment)) == format_rfc3339(expected)


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"))
def test_no_other_text_is_an_instant_for_one_of_them_only(text: str) -> None:
    judgements: list[int | None] = []
    for read in (parse_rfc3339, instant_ms):
        try:
            judgements.append(read(text))
        except ValueError:
            judgements.append(None)
    assert judgements[0] == judgements[1]


def test_a_moment_is_truncated_to_milliseconds() -> None:
    moment = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert format_instant(whole_milliseconds(moment)) == TIME
