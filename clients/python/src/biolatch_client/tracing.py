"""Traces: each event carries the one that it belongs to (extra `tracing`, OpenTelemetry).

Owns how an event names its trace: CloudEvents' extension `traceparent` (W3C Trace Context), which
biolatch hands on with everything that follows from the event. Which spans are recorded, and where
they go, is up to the service's own OpenTelemetry.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, get_tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from biolatch_client.records import EventRecord

_TRACEPARENT: Final = "traceparent"
_HEADER: Final = f"ce_{_TRACEPARENT}"
_CONTEXTS: Final = TraceContextTextMapPropagator()


def trace_extensions() -> dict[str, str]:
    """The current trace as an extension of an envelope; empty where there is none.

    For events that are kept before they are published, such as those of the outbox.
    """
    carrier: dict[str, str] = {}
    _CONTEXTS.inject(carrier)
    return {name: text for name, text in carrier.items() if name == _TRACEPARENT}


class EventTracer:
    """Makes a span for each event that is sent."""

    def __init__(self, tracer: Tracer | None = None) -> None:
        """Make spans with this tracer; by default with one of the service's tracer provider."""
        self._tracer: Final = tracer or get_tracer("biolatch_client")

    @contextmanager
    def sending(self, record: EventRecord, topic: str) -> Generator[EventRecord]:
        """The record with its trace, and a span from here to the end of the block.

        A record that names a trace already keeps it, and the span is a part of that trace.
        """
        named = dict(record.headers).get(_HEADER)
        known = None if named is None else {_TRACEPARENT: named.decode(errors="replace")}
        with self._tracer.start_as_current_span(
            f"send {topic}",
            context=None if known is None else _CONTEXTS.extract(known),
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "send",
                "messaging.operation.type": "send",
                "messaging.destination.name": topic,
                "messaging.message.id": record.event_id,
            },
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if named is None:
                extensions = [
                    (f"ce_{name}", text.encode()) for name, text in trace_extensions().items()
                ]
                record = record._replace(headers=(*record.headers, *extensions))
            try:
                yield record
            except Exception as error:
                # Not the message: it may say more than a trace should.
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise
