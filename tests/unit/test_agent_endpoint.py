# Goal: an agent that decides nothing says whether it does its work, and shows nothing of deciding.
import json
from collections.abc import Mapping

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agents.lane.port import Partition
from agents.lane.status import LaneState, WorkerStatus
from agents.metrics.agent_collector import agent_registry
from agents.metrics.agent_endpoint import agent_endpoint, group_obstacles
from agents.metrics.at_work import AtWork
from agents.metrics.of_agents import ANY_AGENT_MEASURES, LANE_AGENT_MEASURES
from agents.metrics.of_workers import WORKER_MEASURES
from agents.observation_settings import MetricsSettings
from deploy.kafka.free_ports import free_port
from tests.unit.test_metrics_endpoint import get

NOT_YET = "it is not a member of its group yet"


def shown(groups: Mapping[str, WorkerStatus], *reasons: str) -> str:
    return generate_latest(agent_registry("analytics", "1", lambda: reasons, groups)).decode()


def served(topic: str) -> WorkerStatus:
    status = WorkerStatus(rebalances=1, assigned=frozenset({Partition(topic, 0)}))
    status.lane(Partition(topic, 0)).state = LaneState.SERVING
    return status


def test_every_metric_of_an_agent_is_there_and_none_that_is_about_deciding() -> None:
    text = shown({"in": served("in")})
    ours = {
        family.name
        for family in text_string_to_metric_families(text)
        if family.name.startswith("biolatch_")
    }
    wanted = (*ANY_AGENT_MEASURES, *LANE_AGENT_MEASURES)
    assert ours == {each.name.removesuffix("_total") for each in wanted}
    for measure in wanted:
        assert f"# HELP {measure.name} {measure.help}\n" in text
        assert f"# TYPE {measure.name} {measure.kind}\n" in text
    assert {each.name for each in wanted} - {each.name for each in WORKER_MEASURES} == {
        "biolatch_agent_info"
    }


def test_an_agent_without_lanes_shows_what_it_is_and_whether_it_is_at_work() -> None:
    text = shown({}, "it sleeps")
    assert '\nbiolatch_agent_info{agent="analytics",version="1"} 1.0\n' in text
    assert "\nbiolatch_ready 0.0\n" in text
    assert "process_" in text
    assert "biolatch_events_total" not in text


def test_groups_of_one_process_are_told_apart() -> None:
    groups = {"a": served("a"), "b": served("b")}
    groups["a"].lane(Partition("a", 0)).events = 7
    groups["b"].rebalances = 5
    text = shown(groups)
    assert '\nbiolatch_events_total{partition="0",topic="a"} 7.0\n' in text
    assert '\nbiolatch_events_total{partition="0",topic="b"} 0.0\n' in text
    assert '\nbiolatch_rebalances_total{topic="a"} 1.0\n' in text
    assert '\nbiolatch_rebalances_total{topic="b"} 5.0\n' in text
    assert '\nbiolatch_assigned_partitions{topic="a"} 1.0\n' in text
    assert "\nbiolatch_ready 1.0\n" in text


def test_a_partition_that_has_left_is_in_no_state_and_has_counted() -> None:
    status = served("in")
    lane = status.lane(Partition("in", 0))
    lane.events, lane.position, lane.state = 7, 9, LaneState.CLOSED
    text = shown({"in": status})
    assert '\nbiolatch_events_total{partition="0",topic="in"} 7.0\n' in text
    assert "biolatch_lane_state{" not in text
    assert "biolatch_lane_position_offset{" not in text


def test_it_is_ready_when_all_of_its_groups_are_and_says_which_are_not() -> None:
    groups = {"a": served("a"), "b": WorkerStatus()}
    assert group_obstacles(groups) == [f"b: {NOT_YET}"]
    groups["b"] = served("b")
    assert group_obstacles(groups) == []
    lane = groups["b"].lane(Partition("b", 0))
    lane.state, lane.parked_reason = LaneState.PARKED, "offset 3 cannot be read"
    groups["a"].is_dealing = True
    assert group_obstacles(groups) == [
        "a: the group deals its partitions out",
        "b/0 is parked: offset 3 cannot be read",
    ]


def test_an_agent_is_alive_before_it_is_ready() -> None:
    port, at_work = free_port(), AtWork("it does not read yet")
    with agent_endpoint(MetricsSettings(port=port), "parquet", obstacles=at_work.obstacles):
        assert get(port, "/livez")[0] == get(port, "/healthz")[0] == 200
        code, body = get(port, "/readyz")
        assert (code, json.loads(body)["reasons"]) == (503, ["it does not read yet"])
        assert "\nbiolatch_ready 0.0\n" in get(port, "/metrics")[1]
        with at_work.now():
            assert get(port, "/readyz")[0] == 200
            assert "\nbiolatch_ready 1.0\n" in get(port, "/metrics")[1]
        assert get(port, "/readyz")[0] == 503


def test_whoever_fails_at_work_is_not_at_work() -> None:
    at_work = AtWork("it failed")
    with pytest.raises(ValueError, match="no"), at_work.now():
        raise ValueError("no")
    assert at_work.obstacles() == ["it failed"]
