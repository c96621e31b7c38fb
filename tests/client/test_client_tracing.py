"""An event of a service's trace names it on the wire; its span ends when Kafka has the event."""

import uuid
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from biolatch_client import Channel, Closed, Envelope, KafkaConnection, Publisher
from biolatch_client.records import DEVICE_EVENTS
from biolatch_client.tracing import EventTracer, trace_extensions
from tests.client.stored_events import require_readable, stored_in

OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Traced:
    """A service's own OpenTelemetry."""

    def __init__(self) -> None:
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.kept = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self.kept))
        self.tracer = self.provider.get_tracer("login-service")


def traceparent(span: SpanContext) -> str:
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


@pytest.fixture
def service() -> Iterator[Traced]:
    traced = Traced()
    yield traced
    traced.provider.shutdown()


async def test_an_event_names_the_trace_of_its_request(
    connection: KafkaConnection, service: Traced
) -> None:
    device = f"phone-{uuid.uuid4().hex}"
    async with Publisher(
        connection, source="/login", tracer=EventTracer(service.tracer)
    ) as publisher:
        with service.tracer.start_as_current_span("POST /login") as request:
            await publisher.enrollment_declined(device, user_id="ana", channel=Channel.SETTINGS)
            kept = Envelope(event_id="kept", extensions={"traceparent": OTHER})
            await publisher.enrollment_declined(
                device, user_id="ana", channel=Channel.SETTINGS, envelope=kept
            )
    first, second = [
        each
        for each in await stored_in(connection.bootstrap_servers, DEVICE_EVENTS)
        if each.key == device.encode()
    ]
    require_readable(first)
    sent, sent_kept, _ = service.kept.get_finished_spans()
    for span in (sent, sent_kept):
        assert (span.name, span.kind) == (f"send {DEVICE_EVENTS}", SpanKind.PRODUCER)
        assert device not in repr(dict(span.attributes or {}))
    assert sent.parent is not None
    assert sent.parent.span_id == request.get_span_context().span_id
    assert dict(first.headers)["ce_traceparent"].decode() == traceparent(sent.context)
    # It began elsewhere: there it belongs, and its span, too.
    assert dict(second.headers)["ce_traceparent"].decode() == OTHER
    assert f"{sent_kept.context.trace_id:032x}" == OTHER[3:35]


async def test_a_span_tells_that_an_event_was_not_stored_and_not_why_in_words(
    connection: KafkaConnection, service: Traced
) -> None:
    publisher = Publisher(connection, source="/login", tracer=EventTracer(service.tracer))
    with pytest.raises(Closed):
        await publisher.enrollment_declined("phone-1", user_id="ana", channel=Channel.SETTINGS)
    (span,) = service.kept.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "Closed")
    assert span.events == ()


def test_what_is_kept_for_later_takes_the_trace_along(service: Traced) -> None:
    assert trace_extensions() == {}
    with service.tracer.start_as_current_span("POST /login") as request:
        assert trace_extensions() == {"traceparent": traceparent(request.get_span_context())}
