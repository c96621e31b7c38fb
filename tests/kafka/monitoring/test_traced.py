"""One trace from whoever publishes to what was decided, over a real Kafka and a real endpoint."""

import json
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.journeys.commands import biolatch
from tests.kafka.monitoring.collector import Collector, running_collector
from tests.kafka.monitoring.conftest import PARTITIONS, ObservedKafka
from tests.kafka.monitoring.observed import declined, publish_rubbish, until

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE = f"00-{TRACE_ID}-b7ad6b7169203331-01"

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


def attributes(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value for each in span.attributes}


def test_a_trace_leads_from_the_publisher_to_the_decision(
    observed_kafka: ObservedKafka, collector: Collector
) -> None:
    servers = observed_kafka.servers
    settings = {"BIOLATCH_TRACING__ENDPOINT": collector.endpoint}
    # One begins a trace of its own, one belongs to a trace of its backend, one to none recorded.
    events = [
        declined("phone-1"),
        declined("phone-2") | {"traceparent": TRACE},
        declined("phone-3") | {"traceparent": f"{TRACE[:-2]}00"},
    ]
    with observed_kafka.worker(PARTITIONS, **settings) as worker:
        lines = "".join(f"{json.dumps(each)}\n" for each in events)
        biolatch(servers, "publish", "-", stdin=lines, settings=settings)
        publish_rubbish(servers)  # without a trace: no span, but a line
        observed_kafka.at.reaches("biolatch_events_total", 4)
        until(lambda: len(collector.spans("biolatch-devices")) == 2, "the worker's spans are late")
    sent = collector.spans("biolatch-publish")
    processed = collector.spans("biolatch-devices")
    # The command takes the decision of the backend: what is not sampled there is not sent either.
    assert len(sent) == len(processed) == 2
    own = next(span for span in sent if not span.parent_span_id)
    continued = next(span for span in sent if span.parent_span_id)
    assert continued.trace_id.hex() == TRACE_ID
    by_trace = {span.trace_id: span for span in processed}
    assert by_trace[own.trace_id].parent_span_id == own.span_id
    assert by_trace[continued.trace_id].parent_span_id.hex() == TRACE[36:52]
    for span in processed:
        assert span.kind == Span.SPAN_KIND_CONSUMER
        assert attributes(span)["biolatch.verdict"] == "noted"
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    for span in (*sent, *processed):
        assert "phone-" not in str(span)
    verdicts = [
        json.loads(line) for line in biolatch(servers, "tail", "verdicts", "--json").splitlines()
    ]
    named = {each["key"]: each["headers"].get("ce_traceparent") for each in verdicts}
    assert named["phone-2"] == TRACE
    assert named["phone-3"] == f"{TRACE[:-2]}00"
    assert (named["phone-1"] or "")[3:35] == own.trace_id.hex()
    said = [json.loads(line) for line in worker.lines if '"event.dead-lettered"' in line]
    assert [(each["level"], each["code"]) for each in said] == [
        ("warning", "envelope.attribute_missing")
    ]


def test_a_collector_that_is_away_holds_nothing_up(observed_kafka: ObservedKafka) -> None:
    settings = {"BIOLATCH_TRACING__ENDPOINT": "http://127.0.0.1:1/v1/traces"}
    with observed_kafka.worker(PARTITIONS, **settings) as worker:
        before = observed_kafka.at.scrape().total("biolatch_events_total") or 0
        traced = declined("phone-4") | {"traceparent": TRACE}
        biolatch(observed_kafka.servers, "publish", "-", stdin=json.dumps(traced))
        observed_kafka.at.reaches("biolatch_verdicts_total", before + 1, type="noted")
    assert worker.process.returncode == 0
