# Goal: a span says what was decided and when, belongs to the publisher's trace, and names no one.
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from agents.lane.port import Notice, Partition
from agents.lane.status import Span
from agents.observation_settings import TracingSettings
from agents.tracing import Spans, tracer_provider
from events.errors import Misconfigured

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
THREE = Partition("biolatch.device-events", 3)
DECIDED = {
    "event_type": "biolatch.attempt.finished.v1",
    "verdict": "failed",
    "decisions": "disabled,fallback-required",
    "reason": "too_many_failures",
}


def spans_of(*notices: Notice, span: Span = Span(2_000, 2_050)) -> tuple[ReadableSpan, ...]:  # noqa: B008 - immutable
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    Spans(provider, "biolatch").tell(THREE, notices, span)
    return kept.get_finished_spans()


def test_a_span_is_a_part_of_the_publisher_s_trace() -> None:
    (span,) = spans_of(Notice(41, 1_900, DECIDED, TRACE))
    assert span.name == "process biolatch.device-events"
    assert span.kind is SpanKind.CONSUMER
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE[3:35]
    assert f"{span.parent.span_id:016x}" == TRACE[36:52]
    assert (span.start_time, span.end_time) == (2_000_000_000, 2_050_000_000)
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "biolatch.device-events",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "biolatch",
        "messaging.kafka.offset": 41,
        "biolatch.waited_ms": 100,
        "biolatch.event.type": "biolatch.attempt.finished.v1",
        "biolatch.verdict": "failed",
        "biolatch.reason": "too_many_failures",
        "biolatch.decision.kinds": ("disabled", "fallback-required"),
    }


def test_a_dead_letter_has_a_span_with_its_code() -> None:
    (span,) = spans_of(Notice(41, 3_000, {"dead_letter": "data.not_json"}, TRACE))
    assert span.attributes is not None
    assert span.attributes["biolatch.dead_letter.code"] == "data.not_json"
    assert span.attributes["biolatch.waited_ms"] == 0  # clocks differ, and nothing waits backwards


def test_what_nobody_records_has_no_span() -> None:
    unsampled = f"{TRACE[:-2]}00"
    assert spans_of(Notice(1, 0, DECIDED, unsampled), Notice(2, 0, DECIDED)) == ()


def test_a_clock_that_was_set_back_makes_no_span_that_ends_before_it_begins() -> None:
    (span,) = spans_of(Notice(41, 0, DECIDED, TRACE), span=Span(2_000, 1_000))
    assert span.start_time == span.end_time


def test_without_an_endpoint_there_are_no_traces() -> None:
    with tracer_provider(TracingSettings(), "biolatch-devices") as provider:
        assert provider is None


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://", "ftp://collector", "http://:1"])
def test_an_endpoint_is_the_address_of_a_host(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        TracingSettings(endpoint=endpoint)


def test_who_asks_for_traces_without_opentelemetry_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace.export", None)
    settings = TracingSettings(endpoint="http://127.0.0.1:4318/v1/traces")
    with (
        pytest.raises(Misconfigured, match=r"install biolatch\[tracing\]"),
        tracer_provider(settings, "biolatch-devices"),
    ):
        pass
