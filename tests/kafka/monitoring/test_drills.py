# Goal: what the runbooks tell of happens on a real Kafka, and a real Prometheus sees each alert's
# own expression become true, and false again once it is over. In this order: the last one breaks
# the input.
import json
import signal
import subprocess
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from deploy.kafka.free_ports import free_port
from schemas.topics import DEVICE_EVENTS
from tests.journeys.commands import biolatch, running_worker
from tests.kafka.monitoring.conftest import PARTITIONS, ObservedKafka
from tests.kafka.monitoring.observed import declined, publish, publish_rubbish, until
from tests.kafka.monitoring.prometheus import (
    FOLDER,
    Prometheus,
    alert_expressions,
    needs_prometheus,
    running_prometheus,
    with_windows,
)

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900), needs_prometheus]

ALERTS = alert_expressions()
LAG_S = "kafka_consumergroup_group_lag_seconds"


def test_names_and_units_are_as_prometheus_wants_them(observed_kafka: ObservedKafka) -> None:
    with observed_kafka.worker():
        for watched in (observed_kafka.at, observed_kafka.monitor):
            checked = subprocess.run(
                ["promtool", "check", "metrics"],  # noqa: S607 - Debian's
                input=watched.scrape().text,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_rules_are_sound_and_each_fires_where_it_should() -> None:
    for command in (
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml", "alerts_days_test.yml"),
    ):
        checked = subprocess.run(  # noqa: S603 - promtool
            ["promtool", *command],  # noqa: S607 - Debian's
            cwd=FOLDER,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_workers_absent(observed_kafka: ObservedKafka, prometheus: Prometheus) -> None:
    prometheus.becomes_true(ALERTS["BiolatchWorkersAbsent"])
    with observed_kafka.worker():
        prometheus.becomes_false(ALERTS["BiolatchWorkersAbsent"])


def test_monitor_absent(prometheus: Prometheus, tmp_path: Path) -> None:
    prometheus.becomes_true("biolatch_monitor_up == 1")
    assert not prometheus.query(ALERTS["BiolatchMonitorAbsent"])
    with running_prometheus(tmp_path, {"monitor": free_port()}) as blind:
        blind.becomes_true(ALERTS["BiolatchMonitorAbsent"])


def test_group_behind_and_partition_stalled(
    observed_kafka: ObservedKafka, prometheus: Prometheus
) -> None:
    publish(observed_kafka.servers, *(declined(f"phone-{number}") for number in range(100)))
    prometheus.becomes_true(ALERTS["BiolatchGroupBehind"])
    prometheus.becomes_true(ALERTS["BiolatchPartitionStalled"])
    with observed_kafka.worker():
        observed_kafka.monitor.reaches(LAG_S, 0, group="biolatch")
        prometheus.becomes_false(ALERTS["BiolatchGroupBehind"])
        prometheus.becomes_false(ALERTS["BiolatchPartitionStalled"])


def test_freshness_budget_burns_fast_and_dead_letters(
    observed_kafka: ObservedKafka, prometheus: Prometheus
) -> None:
    with observed_kafka.worker() as worker:
        prometheus.becomes_true('sum(biolatch_lane_state{state="serving"}) == 2')
        publish(observed_kafka.servers, declined("phone-1"))
        prometheus.becomes_true("sum(biolatch_decision_latency_seconds_count) == 1")
        assert not prometheus.query(ALERTS["BiolatchDeadLetters"])

        worker.process.send_signal(signal.SIGSTOP)
        publish(observed_kafka.servers, *(declined(f"phone-{number}") for number in range(50)))
        publish_rubbish(observed_kafka.servers)
        late = f"max({LAG_S}{{group='biolatch'}}) > 2"
        prometheus.becomes_true(late)
        worker.process.send_signal(signal.SIGCONT)

        prometheus.becomes_true(ALERTS["BiolatchFreshnessBudgetBurnsFast"])
        prometheus.becomes_true(ALERTS["BiolatchDeadLetters"])
        assert biolatch(observed_kafka.servers, "dead-letters", "list")


def test_every_query_of_the_dashboard_is_answered(
    observed_kafka: ObservedKafka, prometheus: Prometheus
) -> None:
    dashboard = json.loads((FOLDER / "grafana" / "biolatch.json").read_text(encoding="utf-8"))
    queries = [
        target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]
    with observed_kafka.worker():
        prometheus.becomes_true('sum(biolatch_lane_state{state="serving"}) == 2')
        publish(observed_kafka.servers, declined("phone-1"))
        publish(observed_kafka.servers, declined("phone-2"))
        publish_rubbish(observed_kafka.servers)
        for query in queries:
            if query.endswith(" > 0"):  # only what there is: it has to be understood
                prometheus.query(with_windows(query))
            else:
                prometheus.becomes_true(with_windows(query))


def test_rebalances_flap(observed_kafka: ObservedKafka, prometheus: Prometheus) -> None:
    with observed_kafka.worker():
        prometheus.becomes_true("biolatch_rebalances_total >= 1")
        for _ in range(5):
            with running_worker(
                observed_kafka.servers,
                observed_kafka.folder,
                partitions=1,
                settings={"BIOLATCH_METRICS__PORT": "0"},
            ):
                pass
        prometheus.becomes_true(ALERTS["BiolatchRebalancesFlap"])


def test_signature_rejects(
    observed_kafka: ObservedKafka, prometheus: Prometheus, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    biolatch(
        observed_kafka.servers,
        *("keys", "generate", "mobile", "--keys-file", str(keys)),
        *("--private-key", str(tmp_path / "mobile.json"), "--source", "/tests"),
    )
    settings = {
        "BIOLATCH_SIGNATURES__MODE": "require",
        "BIOLATCH_SIGNATURES__KEYS_FILE": str(keys),
    }
    with observed_kafka.worker(**settings):
        prometheus.becomes_true('sum(biolatch_lane_state{state="serving"}) == 2')
        publish(observed_kafka.servers, *(declined(f"phone-{number}") for number in range(40)))
        prometheus.becomes_true(ALERTS["BiolatchSignatureRejects"])


def test_last_stable_offset_old_and_hanging_transaction(
    observed_kafka: ObservedKafka, prometheus: Prometheus
) -> None:
    producer = Producer(
        {
            "bootstrap.servers": observed_kafka.servers,
            "transactional.id": "a-publisher",
            "transaction.timeout.ms": 300_000,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(60)
    with observed_kafka.worker():
        producer.begin_transaction()
        producer.produce(DEVICE_EVENTS, key=b"phone-1", value=b"never seen", partition=0)
        producer.flush(60)
        prometheus.becomes_true(ALERTS["BiolatchHangingTransaction"])
        prometheus.becomes_true(ALERTS["BiolatchLastStableOffsetOld"])
        # Whoever reads what is committed stands before it, and is not behind: it is held up.
        assert observed_kafka.monitor.scrape().total(LAG_S, group="biolatch") == 0
        producer.abort_transaction(60)
        prometheus.becomes_false(ALERTS["BiolatchHangingTransaction"])
        prometheus.becomes_false(ALERTS["BiolatchLastStableOffsetOld"])
        observed_kafka.monitor.reaches(LAG_S, 0, group="biolatch")


def test_partition_parked_and_an_input_that_is_missing(
    observed_kafka: ObservedKafka, prometheus: Prometheus
) -> None:
    admin = AdminClient({"bootstrap.servers": observed_kafka.servers})
    worker = observed_kafka.at
    with observed_kafka.worker(BIOLATCH_MEMBERSHIP__METADATA_AGE_S_MAX="0.5"):
        admin.delete_topics([DEVICE_EVENTS])[DEVICE_EVENTS].result(60)
        until(
            lambda: "does not exist" in "".join(worker.get("/readyz").reasons),
            f"ready without an input: {worker.get('/readyz')}",
        )
        assert worker.get("/livez").status == 200
    biolatch(observed_kafka.servers, "topics", "apply", "--partitions", str(PARTITIONS))
    with observed_kafka.worker(partitions=0):
        prometheus.becomes_true(ALERTS["BiolatchPartitionParked"])
        ready = worker.get("/readyz")
        assert ready.status == 503
        assert "is parked: the position" in ready.reasons[0]
        assert worker.get("/livez").status == 200
