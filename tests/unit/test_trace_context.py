# Goal: an event's trace is found wherever a publisher may have written it, and nowhere else.
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.trace_context import is_sampled, trace_id, trace_of
from tests.unit.sound_records import COMPLETE, ERASED, binary, compact, structured

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"
OTHER = f"00-{TRACE_ID[::-1]}-b7ad6b7169203331-00"
DATA = compact(COMPLETE[ERASED])
EVENT = binary(ERASED, DATA)


def test_the_attribute_comes_before_the_header_of_a_kafka_client() -> None:
    both = EVENT.with_more_headers(
        ("traceparent", OTHER.encode()), ("ce_traceparent", TRACE.encode())
    )
    assert trace_of(both.value, both.headers) == TRACE
    hop = EVENT.with_more_headers(("traceparent", OTHER.encode()))
    assert trace_of(hop.value, hop.headers) == OTHER
    assert trace_of(EVENT.value, EVENT.headers) is None


def test_in_structured_mode_it_stands_in_the_value() -> None:
    inside = structured(ERASED, DATA, traceparent=TRACE)
    assert trace_of(inside.value, inside.headers) == TRACE
    both = inside.with_more_headers(("traceparent", OTHER.encode()))
    assert trace_of(both.value, both.headers) == TRACE
    for value in (b"rubbish", b'{"traceparent": 7}', b'{"traceparent": "\\ud800"}', None):
        assert trace_of(value, inside.headers) is None


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        (TRACE, True),
        (f"01{TRACE[2:]}-more", True),
        (f"ff{TRACE[2:]}", False),
        (TRACE.upper(), False),
        (TRACE[:-1], False),
        (f"{TRACE}\n", False),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", False),
        (f"00-{TRACE_ID}-{'0' * 16}-01", False),
        ("", False),
    ],
)
def test_a_text_that_is_no_traceparent_is_passed_over(*, text: str, is_valid: bool) -> None:
    headers = (*EVENT.headers, ("ce_traceparent", text.encode()))
    assert trace_of(EVENT.value, headers) == (text if is_valid else None)


@given(st.binary(max_size=80))
def test_whatever_stands_there_nothing_is_raised(text: bytes) -> None:
    found = trace_of(EVENT.value, (*EVENT.headers, ("ce_traceparent", text)))
    assert found is None or found.encode() == text


def test_the_flags_say_whether_the_trace_is_recorded() -> None:
    assert is_sampled(TRACE)
    assert not is_sampled(OTHER)
    assert trace_id(TRACE) == TRACE_ID
