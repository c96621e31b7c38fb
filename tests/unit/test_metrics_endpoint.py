# Goal: the endpoint tells the truth, also when the process that it belongs to hangs.
import asyncio
import json
import threading
import urllib.error
import urllib.request
from contextlib import closing
from socket import create_server

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from agents.lane.port import Partition
from agents.lane.status import LaneState, WorkerStatus
from agents.metrics.endpoint import PortTaken, endpoint
from agents.metrics.of_agents import ANY_AGENT_MEASURES, LANE_AGENT_MEASURES
from agents.metrics.of_workers import WORKER_MEASURES
from agents.metrics.pulse import Pulse
from agents.metrics.worker_collector import worker_registry
from agents.metrics.worker_endpoint import worker_endpoint
from agents.observation_settings import MetricsSettings
from deploy.kafka.free_ports import free_port
from deploy.monitor.measures import MONITOR_MEASURES

BUILD = {"version": "1", "policy_version": "2", "row_format": "3", "compiled": "true"}
ZERO = Partition("in", 0)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_check_is_answered_with_its_reasons(port: int) -> None:
    wrong: list[str] = []
    with endpoint("127.0.0.1", port, registry=CollectorRegistry, checks={"/readyz": lambda: wrong}):
        assert get(port, "/readyz") == (200, '{"ok": true, "reasons": []}\n')
        wrong.append("no")
        assert get(port, "/readyz") == (503, '{"ok": false, "reasons": ["no"]}\n')
        assert get(port, "/elsewhere") == (404, "/metrics\n/readyz\n")
        assert get(port, "/metrics")[0] == 200
    with pytest.raises(urllib.error.URLError):
        get(port, "/readyz")


def test_a_port_that_is_taken_is_said_so_and_is_no_reason_to_end_for_who_did_not_ask_for_it(
    port: int,
) -> None:
    taken = MetricsSettings(port=port)
    by_default = MetricsSettings.model_construct(_fields_set=set(), host="127.0.0.1", port=port)
    with closing(create_server(("127.0.0.1", port))):
        with (
            pytest.raises(PortTaken, match=f"port {port}.*BIOLATCH_METRICS__PORT"),
            worker_endpoint(taken, WorkerStatus(), policy_version="1", row_format=2),
        ):
            pytest.fail("it was taken")
        with worker_endpoint(by_default, WorkerStatus(), policy_version="1", row_format=2):
            pass


def test_without_a_port_there_is_no_endpoint() -> None:
    before = threading.active_count()
    off = MetricsSettings(port=0)
    with worker_endpoint(off, WorkerStatus(), policy_version="1", row_format=2):
        assert threading.active_count() == before


def test_a_worker_is_alive_before_it_is_ready(port: int) -> None:
    status = WorkerStatus()
    settings = MetricsSettings(port=port)
    with worker_endpoint(settings, status, policy_version="1", row_format=2):
        assert get(port, "/livez")[0] == get(port, "/healthz")[0] == 200
        code, body = get(port, "/readyz")
        assert (code, json.loads(body)["reasons"]) == (503, ["it is not a member of its group yet"])
        status.rebalances = 1
        assert get(port, "/readyz")[0] == 200


async def test_an_event_loop_that_hangs_has_no_pulse() -> None:
    pulse = Pulse()
    assert pulse.trouble(0.01) == []  # nobody has said which loop
    pulse.take()
    assert await asyncio.to_thread(pulse.trouble, 10) == []
    troubles: list[list[str]] = []
    asking = threading.Thread(target=lambda: troubles.append(pulse.trouble(0.05)))
    asking.start()
    asking.join()  # this loop turns no more until the thread has its answer
    assert troubles == [["the event loop has not turned for 0.05 s"]]


def test_an_event_loop_that_has_ended_has_no_pulse() -> None:
    pulse = Pulse()

    async def live() -> None:
        pulse.take()

    asyncio.run(live())
    assert pulse.trouble(1) == ["the event loop has ended"]


def shown(status: WorkerStatus) -> str:
    return generate_latest(worker_registry(status, BUILD)).decode()


def test_every_metric_of_the_catalogue_is_there_from_the_start() -> None:
    status = WorkerStatus()
    status.lane(ZERO)
    text = shown(status)
    for measure in WORKER_MEASURES:
        assert f"# HELP {measure.name} {measure.help}\n" in text
        assert f"# TYPE {measure.name} {measure.kind}\n" in text
    for line in (
        'biolatch_verdicts_total{type="not-counted"} 0.0',
        'biolatch_refusals_total{reason="rate_limited"} 0.0',
        'biolatch_decisions_total{reason="failure_limit",type="disabled"} 0.0',
        'biolatch_decisions_total{reason="",type="enabled"} 0.0',
        'biolatch_dead_letters_total{code="operator.skipped"} 0.0',
        'biolatch_decision_latency_seconds_bucket{le="1.0"} 0.0',
    ):
        assert f"\n{line}\n" in text, line


def test_what_a_partition_that_has_left_was_is_not_shown_and_what_it_did_is() -> None:
    status = WorkerStatus(rebalances=1)
    lane = status.lane(ZERO)
    lane.state, lane.events, lane.position, lane.rows = LaneState.SERVING, 7, 9, 3
    where = '{partition="0",topic="in"}'
    assert f"\nbiolatch_rows{where} 3.0\n" in shown(status)
    lane.state = LaneState.CLOSED
    text = shown(status)
    assert f"\nbiolatch_events_total{where} 7.0\n" in text
    assert f"biolatch_rows{where}" not in text
    assert "biolatch_lane_state{" not in text


def test_no_label_is_an_id_or_a_text_that_a_publisher_chose() -> None:
    of_events = {"type", "reason", "code", "signer"}
    of_lanes = {"topic", "partition", "state", "step"}
    of_builds = {"version", "policy_version", "row_format", "compiled"}
    of_agents = {"agent"}
    of_groups = {"cluster_name", "group", "member_host", "consumer_id", "client_id"}
    of_ours = (*WORKER_MEASURES, *ANY_AGENT_MEASURES, *LANE_AGENT_MEASURES, *MONITOR_MEASURES)
    labels = {label for each in of_ours for label in each.labels}
    assert labels == of_events | of_lanes | of_builds | of_agents | of_groups


def test_it_is_on_this_machine_only_unless_it_is_told_otherwise() -> None:
    assert MetricsSettings().host == "127.0.0.1"


def test_rejected_signatures_are_those_of_publishers_and_of_devices() -> None:
    status = WorkerStatus()
    status.lane(ZERO).counts.update(
        {
            ("dead_letter", "signature.invalid"): 2,
            ("dead_letter", "record.tombstone"): 4,
            ("refusal", "signature_invalid"): 3,
            ("skipped",): 1,
        }
    )
    text = shown(status)
    assert 'biolatch_signature_rejects_total{signer="publisher"} 2.0\n' in text
    assert 'biolatch_signature_rejects_total{signer="device"} 3.0\n' in text
    assert "\nbiolatch_events_skipped_total 1.0\n" in text
