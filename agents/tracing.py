"""Traces: a span for each event that belongs to a trace which its publisher records.

Owns how a span looks (OpenTelemetry's conventions for messaging) and where it goes (OTLP over
HTTP). It is made when the answer is committed, so an event that had to be decided twice has one
span; where the collector is away spans are lost, and nothing waits for it. No span names a device,
a user or a key of a record. What else is to be said to the collector, a header or a certificate,
the exporter reads from OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_...`).
"""

import importlib.metadata
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from agents.lane.port import Notice, Partition
from agents.lane.status import Span
from agents.notices import DEAD_LETTER, DECISIONS, EVENT_TYPE, REASON, VERDICT
from agents.observation_settings import TracingSettings
from events.errors import Misconfigured
from schemas.trace_context import is_sampled

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_NS_PER_MS: Final = 1_000_000
_FLUSH_MS_MAX: Final = 5_000

_ATTRIBUTES: Final[Mapping[str, str]] = {
    EVENT_TYPE: "biolatch.event.type",
    VERDICT: "biolatch.verdict",
    REASON: "biolatch.reason",
    DEAD_LETTER: "biolatch.dead_letter.code",
}


@contextmanager
def tracer_provider(settings: TracingSettings, service: str) -> "Generator[TracerProvider | None]":
    """What makes spans in this process, until the block ends; None where no endpoint is set.

    Args:
        settings: where spans go.
        service: `service.name` of the process, where `OTEL_SERVICE_NAME` does not say otherwise.

    Raises:
        Misconfigured: OpenTelemetry is not installed.
    """
    if settings.endpoint is None:
        yield None
        return
    provider = _provider(settings.endpoint, service)
    try:
        yield provider
    finally:
        provider.force_flush(_FLUSH_MS_MAX)
        provider.shutdown()


def _provider(endpoint: str, service: str) -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - slow to import, and an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    except ImportError as error:
        raise Misconfigured(
            "tracing.not-installed",
            "BIOLATCH_TRACING__ENDPOINT is set, and OpenTelemetry is not installed: "
            "install biolatch[tracing]",
        ) from error
    about = {"service.version": importlib.metadata.version("biolatch")}
    if "OTEL_SERVICE_NAME" not in os.environ:
        about["service.name"] = service
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


class Spans:
    """Makes spans of what it is told."""

    def __init__(self, provider: "TracerProvider", group: str) -> None:
        """Make them with this provider, as a member of this consumer group."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - an extra
            TraceContextTextMapPropagator,
        )

        self._tracer: Final = provider.get_tracer("biolatch")
        self._contexts: Final = TraceContextTextMapPropagator()
        self._kind: Final = SpanKind.CONSUMER
        self._group: Final = group

    def tell(self, partition: Partition, notices: Sequence[Notice], span: Span) -> None:
        """Make a span of every event whose trace is recorded."""
        for notice in notices:
            if notice.trace is not None and is_sampled(notice.trace):
                self._tracer.start_span(
                    f"process {partition.topic}",
                    context=self._contexts.extract({"traceparent": notice.trace}),
                    kind=self._kind,
                    attributes=self._attributes(partition, notice, span),
                    start_time=span.began_ms * _NS_PER_MS,
                ).end(max(span.began_ms, span.committed_ms) * _NS_PER_MS)

    def _attributes(
        self, partition: Partition, notice: Notice, span: Span
    ) -> dict[str, str | int | Sequence[str]]:
        attributes: dict[str, str | int | Sequence[str]] = {
            "messaging.system": "kafka",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": partition.topic,
            "messaging.destination.partition.id": str(partition.number),
            "messaging.consumer.group.name": self._group,
            "messaging.kafka.offset": notice.offset,
            "biolatch.waited_ms": max(0, span.began_ms - notice.timestamp_ms),
        }
        attributes |= {
            attribute: notice.answer[name]
            for name, attribute in _ATTRIBUTES.items()
            if name in notice.answer
        }
        decisions = notice.answer.get(DECISIONS)
        if decisions is not None:
            attributes["biolatch.decision.kinds"] = decisions.split(",")
        return attributes
