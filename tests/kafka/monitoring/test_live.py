# Goal: what worker and monitor show is there by its name, and true: against what went in, and
# against an independent reader.
import time

import pytest

from agents.metrics.catalogue import Kind, Measure
from agents.metrics.of_workers import WORKER_MEASURES
from deploy.monitor.measures import MONITOR_MEASURES
from schemas.topics import DEVICE_EVENTS
from tests.kafka.monitoring.conftest import PARTITIONS, ObservedKafka
from tests.kafka.monitoring.observed import (
    Samples,
    declined,
    independently,
    publish,
    publish_rubbish,
    until,
)

LAG = "kafka_consumergroup_group_lag"
OURS = {"group": "biolatch", "topic": DEVICE_EVENTS}


def require_shown(samples: Samples, measure: Measure) -> None:
    is_histogram = measure.kind is Kind.HISTOGRAM
    name = f"{measure.name}_bucket" if is_histogram else measure.name
    assert name in samples, name
    assert samples.labels(name) - {"le"} == set(measure.labels), name


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_worker_and_the_monitor_show_what_happens(observed_kafka: ObservedKafka) -> None:
    kafka, monitor, worker = observed_kafka, observed_kafka.monitor, observed_kafka.at
    with kafka.worker():
        assert worker.get("/readyz").status == 200
        assert worker.get("/livez").status == worker.get("/healthz").status == 200
        assert worker.get("/elsewhere").status == 404
        publish(kafka.servers, *(declined(f"phone-{number}") for number in range(20)))
        publish_rubbish(kafka.servers)
        worker.reaches("biolatch_events_total", 21)

        shown = worker.scrape()
        for measure in WORKER_MEASURES:
            require_shown(shown, measure)
        assert shown.total("biolatch_verdicts_total", type="noted") == 20
        assert shown.total("biolatch_verdicts_total") == 20
        assert shown.total("biolatch_dead_letters_total") == 1
        assert shown.total("biolatch_decision_latency_seconds_count") == 21
        assert shown.total("biolatch_batch_events_sum") == 21
        assert shown.total("biolatch_rows") == 20
        assert shown.total("biolatch_lane_state", state="serving") == PARTITIONS
        assert (shown.total("biolatch_step_seconds_total", step="decide") or 0) > 0

        # Its look may be from before the last event: of that one, the lag was none as well.
        monitor.reaches("kafka_consumergroup_group_offset", 21, **OURS)
        monitor.reaches(LAG, 0, **OURS)
        seen = monitor.scrape()
        for measure in MONITOR_MEASURES:
            require_shown(seen, measure)
        told = shown.text + seen.text
        assert not [who for who in ("phone-", '"ana"') if who in told]

    publish(kafka.servers, *(declined(f"phone-{number}") for number in range(30)))
    monitor.reaches(LAG, 30, **OURS)
    waiting = independently(kafka.servers, "biolatch", PARTITIONS)
    before_ms = time.time_ns() // 1_000_000
    behind = monitor.scrape()
    for number, (records, oldest_ms) in waiting.items():
        where = {**OURS, "partition": str(number)}
        assert behind.total(LAG, **where) == records
        seconds = behind.total(f"{LAG}_seconds", **where) or 0
        # Measured at the last look, which was some moments ago.
        assert oldest_ms is not None
        assert 0 < seconds <= (before_ms - oldest_ms) / 1000 + 1
        until(
            lambda where=where, oldest_ms=oldest_ms, before_ms=before_ms: (
                (monitor.scrape().total(f"{LAG}_seconds", **where) or 0)
                >= (before_ms - oldest_ms) / 1000
            ),
            "the age does not grow",
        )

    with kafka.worker():
        monitor.reaches(LAG, 0, **OURS)
        monitor.reaches(f"{LAG}_seconds", 0, **OURS)
