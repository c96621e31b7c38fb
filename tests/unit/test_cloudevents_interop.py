"""Our CloudEvents codec against another one: the `cloudevents` package, in both directions.

What differs by known defects of that package (2.2.0) is named in the tests of the last section.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import (
    KafkaMessage,
    from_binary_event,
    from_kafka_event,
    from_structured_event,
    to_binary_event,
    to_structured_event,
)
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from events.decisions import DECISION_TYPES, Decision
from events.errors import MalformedInput
from events.facts import FACT_TYPES, AnyFactData, DeviceErased, Fact
from events.verdicts import VERDICT_TYPES, Verdict
from schemas.malformed import MalformedCode
from schemas.outputs import OutputRecord, verdict_and_decisions
from schemas.publishing import read_line
from tests.unit.generated import IDS, STABLE, instances, wire_data
from tests.unit.sound_records import (
    COMPLETE,
    DEVICE_ID,
    FINISHED,
    Record,
    attributes,
    binary,
    compact,
    read,
    structured,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis adds the time zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.integers(-14 * 60, 14 * 60).map(
        lambda minutes: timezone(timedelta(minutes=minutes))
    ),
)
INPUT_TYPES = pytest.mark.parametrize("data_type", FACT_TYPES)


def whole_ms(moment: datetime) -> int:
    """Milliseconds since 1970, finer parts cut."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def theirs(event_type: str, data: object, **changes: object) -> CloudEvent:
    """An event as a publisher with the package makes it."""
    own = attributes(event_type) | {"time": EPOCH, "datacontenttype": "application/json"}
    return CloudEvent({**own, **changes}, data)  # type: ignore[arg-type] - JSON is any object


def as_record(message: KafkaMessage) -> Record:
    """Their message as it lies on the topic."""
    assert isinstance(message.key, str)
    return Record(message.key.encode(), message.value, tuple(message.headers.items()))


def as_message(record: Record | OutputRecord) -> KafkaMessage:
    """Our record as the package takes it."""
    key, value, headers = (
        (record.key, record.value, record.headers) if isinstance(record, Record) else record
    )
    names = [name for name, _ in headers]
    assert len(names) == len(set(names))
    return KafkaMessage({name: text or b"" for name, text in headers}, key, value or b"")


def subject_of(event: Any) -> str:  # noqa: ANN401 - the package's own event type
    """The key mapper that a publisher of ours needs: the device is the key."""
    subject = event.get_subject()
    assert isinstance(subject, str)
    return subject


@INPUT_TYPES
def test_their_publisher_our_consumer(data_type: type[AnyFactData]) -> None:
    @STABLE
    @given(wire_data(data_type), MOMENTS, IDS, IDS, IDS)
    def check(
        data: dict[str, Any], moment: datetime, event_id: str, source: str, device_id: str
    ) -> None:
        own = {"id": event_id, "source": source, "subject": device_id, "time": moment}
        event = theirs(data_type.event_type, data, **own, traceparent="00-0af7-b7ad-01")
        in_binary = read(as_record(to_binary_event(event, key_mapper=subject_of)))
        in_structured = read(as_record(to_structured_event(event, key_mapper=subject_of)))
        assert in_binary == in_structured
        assert (in_binary.event_id, in_binary.source) == (event_id, source)
        assert in_binary.device_id == device_id
        assert in_binary.occurred_at_ms == whole_ms(moment)
        assert in_binary.data == read(binary(data_type.event_type, compact(data))).data

    check()


@INPUT_TYPES
def test_our_publisher_their_consumer(data_type: type[AnyFactData]) -> None:
    @STABLE
    @given(wire_data(data_type), IDS, IDS, IDS)
    def check(data: dict[str, Any], event_id: str, source: str, device_id: str) -> None:
        own = {"id": event_id, "source": source, "subject": device_id}
        line = structured(data_type.event_type, compact(data), **own).value or b""
        ours = read_line(line)
        in_binary = from_binary_event(as_message(Record(ours.key, ours.value, ours.headers)))
        content_type = (("content-type", b"application/cloudevents+json"),)
        in_structured = from_structured_event(as_message(Record(ours.key, line, content_type)))
        for event in (in_binary, in_structured):
            assert (event.get_id(), event.get_source()) == (event_id, source)
            assert (event.get_type(), event.get_subject()) == (data_type.event_type, device_id)
            assert whole_ms(event.get_time()) == ours.fact.occurred_at_ms
            assert event.get_data() == data

    check()


@pytest.mark.parametrize("output_type", [*VERDICT_TYPES, *DECISION_TYPES])
def test_our_outputs_their_consumer(output_type: type[Verdict | Decision]) -> None:
    @STABLE
    @given(instances(output_type), IDS, IDS, MOMENTS)
    def check(
        output: Any,  # noqa: ANN401 - one of the types above
        device_id: str,
        event_id: str,
        moment: datetime,
    ) -> None:
        now_ms = whole_ms(moment)
        fact = Fact(event_id, "/backend", device_id, 0, now_ms, 41, DeviceErased())
        record, _ = verdict_and_decisions("topic/3/41", fact, output, [])
        event = from_kafka_event(as_message(record))
        assert event.get_attributes() | {"time": None} == {
            "specversion": "1.0",
            "id": "topic/3/41/0",
            "source": "/biolatch",
            "type": output_type.event_type,
            "subject": device_id,
            "time": None,
            "datacontenttype": "application/json",
            "causationid": event_id,
            "partitionkey": device_id,  # put there by the package: see the last section
        }
        assert whole_ms(event.get_time()) == now_ms
        assert compact(event.get_data()) == record[1]
        # Forwarded by the package, it is the same event.
        again = from_kafka_event(to_binary_event(event, key_mapper=subject_of))
        assert (again.get_attributes(), again.get_data()) == (
            event.get_attributes(),
            event.get_data(),
        )

    check()


# Where the package differs, or asks something of a publisher.


def test_their_publisher_has_to_state_the_content_type() -> None:
    event = theirs(FINISHED, dict(COMPLETE[FINISHED]))
    del event.get_attributes()["datacontenttype"]
    in_structured = as_record(to_structured_event(event, key_mapper=subject_of))
    assert read(in_structured).data.event_type == FINISHED  # a default of the JSON format
    with pytest.raises(MalformedInput) as refused:
        read(as_record(to_binary_event(event, key_mapper=subject_of)))
    assert refused.value.code == MalformedCode.ATTRIBUTE_MISSING


def test_their_default_key_is_the_partition_key() -> None:
    event = theirs(FINISHED, dict(COMPLETE[FINISHED]), partitionkey=DEVICE_ID)
    for message in (to_binary_event(event), to_structured_event(event)):
        assert read(as_record(message)).device_id == DEVICE_ID
    assert to_binary_event(theirs(FINISHED, {})).key is None


def test_defect_extensions_are_written_as_python_spells_them() -> None:
    # "True" and "b'...'" instead of "true" and Base64: harmless, for we read no extension.
    event = theirs(FINISHED, dict(COMPLETE[FINISHED]), signed=True, material=b"\x01")
    message = to_binary_event(event, key_mapper=subject_of)
    assert (message.headers["ce_signed"], message.headers["ce_material"]) == (b"True", b"b'\\x01'")
    assert read(as_record(message)).device_id == DEVICE_ID


def test_defect_bad_json_becomes_a_text() -> None:
    record = binary(FINISHED, b'{"user_id":')
    assert from_binary_event(as_message(record)).get_data() == '{"user_id":'
    with pytest.raises(MalformedInput) as refused:
        read(record)
    assert refused.value.code == MalformedCode.NOT_JSON


def test_defect_the_key_becomes_an_attribute() -> None:
    event = from_binary_event(as_message(binary(FINISHED, b"{}")))
    assert event.get_extension("partitionkey") == DEVICE_ID


def test_defect_a_key_that_is_not_utf_8_raises() -> None:
    record = Record(b"\xff", b"{}", binary(FINISHED, b"{}").headers)
    with pytest.raises(UnicodeDecodeError):
        from_binary_event(as_message(record))
    with pytest.raises(MalformedInput) as refused:
        read(record)
    assert refused.value.code == MalformedCode.KEY_INVALID


def test_defect_headers_decide_the_mode() -> None:
    # CloudEvents, Kafka binding, section 3: the content type does. A stray header fails theirs.
    record = structured(FINISHED, compact(COMPLETE[FINISHED]))
    stray = record.with_more_headers(("ce_id", b"another"))
    assert read(stray) == read(record)
    with pytest.raises(CloudEventValidationError, match="source"):
        from_kafka_event(as_message(stray))
