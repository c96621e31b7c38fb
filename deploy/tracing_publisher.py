"""Publishing with traces: each event that names none begins one, with a span until it is stored."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from deploy.publishing.publish_lines import Publisher
from deploy.records.publisher import Acknowledged, KeyedRecord, Waiting
from schemas.topics import DEVICE_EVENTS
from schemas.trace_context import TRACE_HEADER, trace_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span


class TracingPublisher:
    """A publisher that begins a trace for each record."""

    def __init__(self, publisher: Publisher, provider: "TracerProvider") -> None:
        """Pass everything on, traced."""
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - an extra
            TraceContextTextMapPropagator,
        )

        self._publisher: Final = publisher
        self._tracer: Final = provider.get_tracer("biolatch")
        self._contexts: Final = TraceContextTextMapPropagator()
        self._in_context: Final = set_span_in_context
        self._kind: Final = SpanKind.PRODUCER

    async def publish(
        self,
        records: Sequence[KeyedRecord],
        *,
        wait_s_max: float,
        on_acknowledged: Acknowledged,
        on_waiting: Waiting,
    ) -> None:
        """See `Publisher`; the span of a record that was not acknowledged never ends."""
        traced = [self._traced(record) for record in records]

        def acknowledged(places: Sequence[int]) -> None:
            for place in places:
                traced[place][1].end()
            on_acknowledged(places)

        await self._publisher.publish(
            [record for record, _ in traced],
            wait_s_max=wait_s_max,
            on_acknowledged=acknowledged,
            on_waiting=on_waiting,
        )

    def _traced(self, record: KeyedRecord) -> "tuple[KeyedRecord, Span]":
        """The record, which names its trace now, and its span."""
        trace = trace_of(record.value, record.headers)
        span = self._tracer.start_span(
            f"send {DEVICE_EVENTS}",
            context=None if trace is None else self._contexts.extract({"traceparent": trace}),
            kind=self._kind,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.name": "send",
                "messaging.operation.type": "send",
                "messaging.destination.name": DEVICE_EVENTS,
            },
        )
        if trace is not None:
            return record, span
        carrier: dict[str, str] = {}
        self._contexts.inject(carrier, self._in_context(span))
        header = (TRACE_HEADER, carrier["traceparent"].encode())
        return record._replace(headers=(*record.headers, header)), span
