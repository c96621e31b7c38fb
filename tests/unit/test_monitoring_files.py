# Goal: alerts, dashboard and pages speak of metrics that exist, by labels that they have.
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.metrics.catalogue import Kind, Measure
from agents.metrics.of_agents import ANY_AGENT_MEASURES, LANE_AGENT_MEASURES
from agents.metrics.of_workers import WORKER_MEASURES
from deploy.monitor.measures import MONITOR_MEASURES
from tests.unit.promql import Asked, asked, grouped_by

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD: dict[str, Any] = json.loads(
    (FOLDER / "grafana" / "biolatch.json").read_text(encoding="utf-8")
)
OF_PROCESSES = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_open_fds",
    "python_gc_collections_total",
}
OF_PROMETHEUS = {"instance", "job"}
AGENT_MEASURES = (*ANY_AGENT_MEASURES, *LANE_AGENT_MEASURES)
# Of a metric that other agents show by more labels, a query may ask only what all of them have.
MEASURES = (*AGENT_MEASURES, *WORKER_MEASURES, *MONITOR_MEASURES)
FORM = (
    "**What it means.** ", "**What users notice.** ", "**Look here.**", "**Do this.**",
    "**When it is over.** ",
)  # fmt: skip


def series_of(measure: Measure) -> Iterator[str]:
    if measure.kind is Kind.HISTOGRAM:
        yield from (f"{measure.name}_{part}" for part in ("bucket", "count", "sum"))
    else:
        yield measure.name


LABELS = {
    name: {*measure.labels, *OF_PROMETHEUS, *({"le"} if name.endswith("_bucket") else ())}
    for measure in MEASURES
    for name in series_of(measure)
} | dict.fromkeys((*OF_PROCESSES, *RECORDED), OF_PROMETHEUS)


def dashboard_expressions() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            inside = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            assert inside
            yield f"count by ({inside[2]}) ({inside[1]})"


EXPRESSIONS = [*dashboard_expressions(), *(rule["expr"] for rule in RULES)]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_asks_for_metrics_that_exist_by_labels_that_they_have(expression: str) -> None:
    named = list(asked(expression))
    assert named or expression == "vector(0.001)"
    for metric, labels in named:
        assert metric in LABELS
        assert labels <= LABELS[metric], metric
    together = set[str]().union(*(LABELS[metric] for metric, _ in named))
    assert grouped_by(expression) <= together


def test_every_metric_of_ours_is_on_the_dashboard_or_in_an_alert() -> None:
    shown = {metric for expression in EXPRESSIONS for metric, _ in asked(expression)}
    unused = {measure.name for measure in MEASURES if not shown & set(series_of(measure))}
    assert (
        unused
        == {
            "biolatch_transactions_total",
            "biolatch_lane_position_offset",
            "biolatch_ready",
            "biolatch_lane_openings_total",
            "biolatch_monitor_looks_total",
            "biolatch_monitor_last_look_timestamp_seconds",
            "kafka_consumergroup_group_max_lag",
            "kafka_consumergroup_group_sum_lag",
            "kafka_consumergroup_group_lag",
            "kafka_partition_earliest_offset",
            "biolatch_partition_last_stable_offset",
        }
        - shown
    )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_query_of_what_other_agents_show_too_says_whose_it_wants(expression: str) -> None:
    """Records of several topics added up are of nothing that anybody asks for."""
    for metric, labels in asked(expression):
        assert metric != "biolatch_events_total" or "topic" in labels


def test_no_other_agent_shows_what_the_objective_is_computed_from() -> None:
    of_all_agents = {"biolatch_events_total", "biolatch_ready"}
    of_deciding = {
        metric
        for rule in RULES
        for metric, _ in asked(rule["expr"])
        if metric not in RECORDED | of_all_agents
    } - {"biolatch_lane_state", "biolatch_rebalances_total"}
    assert "biolatch_build_info" in of_deciding
    assert not of_deciding & {name for each in AGENT_MEASURES for name in series_of(each)}


def test_the_reader_of_queries_reads_them() -> None:
    query = 'max by (a) (rate(x_total{b="1",c!~"y{2}"}[5m])) > 5e3 and on (d) z unless q:r{e=~"s"}'
    query = query.replace("{2}", "")
    assert list(asked(query)) == [
        Asked("x_total", frozenset({"b", "c"})),
        Asked("z", frozenset()),
        Asked("q:r", frozenset({"e"})),
    ]
    assert grouped_by(query) == {"a", "d"}


def page_of(alert: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert.removeprefix("Biolatch")).lower()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_urgent_it_is_what_it_is_and_where_to_read_on(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    notes = rule["annotations"]
    assert notes["summary"]
    assert notes["description"]
    assert notes["dashboard_uid"] == DASHBOARD["uid"]
    assert notes["runbook_url"] == f"docs/runbooks/{page_of(name)}.md"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_its_page_in_the_fixed_form(name: str) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{page_of(name)}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    places = [text.index(f"\n{part}") for part in FORM]
    assert places == sorted(places)
    assert re.search(r"^(Drilled on a real Kafka by|Not drilled:)", text, re.MULTILINE)
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")
    assert f"({page_of(name)}.md)" in index


def test_there_is_no_page_without_an_alert() -> None:
    folder = ROOT / "docs" / "runbooks"
    index = (folder / "README.md").read_text(encoding="utf-8")
    of_alerts, of_work = index.split("## Work on a running system")
    pages = {page.stem for page in folder.glob("*.md")} - {"README"}
    work = set(re.findall(r"\]\(([a-z-]+)\.md\)", of_work))
    assert set(re.findall(r"\]\(([a-z-]+)\.md\)", of_alerts)) == {page_of(name) for name in ALERTS}
    assert pages == work | {page_of(name) for name in ALERTS}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_test_where_it_fires_and_one_where_it_does_not(name: str) -> None:
    cases = [
        case
        for file in ("alerts_test.yml", "alerts_days_test.yml")
        for case in yaml.safe_load((FOLDER / file).read_text(encoding="utf-8"))["tests"]
    ]
    own = [
        bool(expected["exp_samples"])
        for case in cases
        for expected in case["promql_expr_test"]
        if f'alertname="{name}"' in expected["expr"]
    ]
    assert set(own) == {True, False}


def test_a_panel_states_its_unit_and_is_told_apart() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert [row.partition(":")[0] for row in rows] == [
        "SLO", "Flow", "Lag", "State", "Rebalance and recovery", "Errors", "Runtime",
    ]  # fmt: skip
    for panel in DASHBOARD["panels"]:
        if panel["type"] != "row":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["description"], panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}"
