# Goal: the chart says what the code says: settings that exist, topics and rights as they are.
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.hosting import _STOP_S_MAX
from agents.settings import load_settings, setting_variables
from deploy.workers import AGENTS
from schemas.principals import default_user, principals
from schemas.topics import topology
from tests.deployment.chart import CHART, ROOT, VALUES, Helm, containers, variables

SECURED, STRIMZI = CHART / "ci" / "secured.yaml", CHART / "ci" / "strimzi.yaml"
OTHER_VARIABLES = {"BIOLATCH_POLICY_FILE"}
BY_THEMSELVES = {"parquet"}
"""Agents that are no workload like the others: the folder of one has one process."""

SERVERS = {"console", "read-api"}
"""What answers people and backends: tests/deployment/test_chart_servers.py looks at them."""

KNOWN = {*setting_variables(), *OTHER_VARIABLES}

pytestmark = pytest.mark.long
SETS = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)


@SETS
def test_every_variable_is_a_setting_and_none_holds_a_secret(helm: Helm, values: Path) -> None:
    for _name, container in containers(helm.render(values)):
        names = [each["name"] for each in container["env"]]
        assert len(names) == len(set(names))
        assert set(names) <= KNOWN
        for value in variables(container).values():
            assert isinstance(value, str) or set(value) == {"fieldRef"}


@SETS
def test_a_process_starts_with_the_settings_that_it_is_given(
    helm: Helm, values: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = helm.render(values)
    policies = rendered.of_kind("ConfigMap")
    for name, container in containers(rendered):
        with monkeypatch.context() as environment:
            for variable, value in variables(container).items():
                environment.setenv(variable, value if isinstance(value, str) else f"{name}-0")
            if "BIOLATCH_POLICY_FILE" in variables(container):
                policy = tmp_path / "policy.toml"
                policy.write_text(policies[0]["data"]["policy.toml"])
                environment.setenv("BIOLATCH_POLICY_FILE", str(policy))
            settings = load_settings()
        assert settings.kafka.client_id == f"{name}-0"
        if container["args"][0] == "run":
            assert settings.policy.version == ("bank-3" if policies else "1")


def test_large_numbers_stay_whole(helm: Helm) -> None:
    more = {
        "settings": {"BIOLATCH_LANE__FETCH_BYTES_MAX": 2_097_152, "BIOLATCH_LOG__LEVEL": "debug"}
    }
    for _name, container in containers(helm.render(CHART / "ci" / "plain.yaml", more=more)):
        assert variables(container)["BIOLATCH_LANE__FETCH_BYTES_MAX"] == "2097152"
        assert variables(container)["BIOLATCH_LOG__LEVEL"] == "debug"


def test_an_agent_s_own_settings_and_secrets_win_over_the_common_ones(helm: Helm) -> None:
    by_name = dict(containers(helm.render(STRIMZI)))
    users = {
        name: variables(each).get("BIOLATCH_KAFKA__SASL_USERNAME") for name, each in by_name.items()
    }
    assert users["login-biolatch-devices"] == "biolatch-worker"
    assert users["login-biolatch-notifier"] == "biolatch-notifier"
    for each in by_name.values():
        assert variables(each)["BIOLATCH_KAFKA__SECURITY_PROTOCOL"] == "SASL_SSL"


def test_an_agent_s_own_values_win_over_the_defaults_also_where_they_say_no(helm: Helm) -> None:
    more = {
        "agentDefaults": {"metrics": True, "store": {"enabled": True}},
        "agents": {"devices": {"metrics": False, "replicas": 0, "store": {"enabled": False}}},
    }
    workload = helm.render(CHART / "ci" / "plain.yaml", more=more).one("StatefulSet")["spec"]
    (container,) = workload["template"]["spec"]["containers"]
    assert workload["replicas"] == 0
    assert "volumeClaimTemplates" not in workload
    assert not {"ports", "livenessProbe", "readinessProbe"} & set(container)


def test_a_pod_is_probed_where_its_process_answers(helm: Helm) -> None:
    by_name = dict(containers(helm.render(STRIMZI)))
    for name, container in by_name.items():
        own = variables(container)
        if "metrics" in str(container.get("ports")):
            (port,) = container["ports"]
            told = "BIOLATCH_MONITOR__PORT" if "monitor" in name else "BIOLATCH_METRICS__PORT"
            assert own[told] == str(port["containerPort"])
            assert own["BIOLATCH_METRICS__HOST"] == "0.0.0.0"  # noqa: S104 - in the container
            paths = {
                probe: container[probe]["httpGet"]["path"]
                for probe in ("livenessProbe", "readinessProbe")
            }
            assert paths == {"livenessProbe": "/livez", "readinessProbe": "/readyz"}
    probed = {name for name, container in by_name.items() if "livenessProbe" in container}
    assert probed == by_name.keys() - {"login-biolatch-topics"}
    assert {f"login-biolatch-{each}" for each in (*AGENTS, "monitor", *SERVERS)} <= probed


@SETS
def test_every_agent_runs_under_the_name_that_the_command_line_knows(
    helm: Helm, values: Path
) -> None:
    for name, container in containers(helm.render(values)):
        if container["args"][0] == "run":
            _run, option, agent = container["args"]
            assert option == "--agents"
            assert name == f"login-biolatch-{agent}"


def test_the_chart_has_every_agent() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert {*AGENTS} - BY_THEMSELVES == set(values["agents"])
    assert set(values) >= BY_THEMSELVES


def test_workers_are_static_members_by_their_pods_names_on_volumes_of_their_own(
    helm: Helm,
) -> None:
    rendered = helm.render(SECURED)
    ((_, container),) = [each for each in containers(rendered) if each[1]["args"][0] == "run"]
    own = variables(container)
    assert own["BIOLATCH_MEMBERSHIP__INSTANCE_ID"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert own["BIOLATCH_MEMBERSHIP__SESSION_TIMEOUT_S"] == "30"
    (claim,) = rendered.one("StatefulSet")["spec"]["volumeClaimTemplates"]
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert own["BIOLATCH_STORE__FOLDER"].startswith(mounted[claim["metadata"]["name"]] + "/")


def test_a_pod_gets_longer_to_end_than_a_worker_takes_at_most(helm: Helm) -> None:
    for workload in helm.render(STRIMZI).of_kind("StatefulSet"):
        pod = workload["spec"]["template"]
        assert pod["spec"]["terminationGracePeriodSeconds"] > _STOP_S_MAX


def test_a_change_of_the_policy_rolls_the_workers_and_nothing_else_does(helm: Helm) -> None:
    def template(policy: str) -> Any:  # noqa: ANN401 - a pod template
        return helm.render(SECURED, more={"policy": policy}).one("StatefulSet")["spec"]["template"]

    first = template('version = "a"\n')
    assert template('version = "a"\n') == first
    assert (
        template('version = "b"\n')["metadata"]["annotations"] != first["metadata"]["annotations"]
    )


@pytest.mark.parametrize("replication", [1, 2, 3, 5])
def test_topics_are_those_of_the_code(helm: Helm, replication: int) -> None:
    more = {
        "kafka": {"application": "bank"},
        "topics": {"partitions": 24, "replication": replication},
    }
    rendered = helm.render(STRIMZI, more=more)
    assert {each["metadata"]["name"]: each["spec"] for each in rendered.of_kind("KafkaTopic")} == {
        topic.name: {
            "partitions": 24,
            "replicas": replication,
            "config": topic.settings(replication=replication),
        }
        for topic in topology("bank").topics
    }
    for topic in rendered.of_kind("KafkaTopic"):
        annotations = topic["metadata"]["annotations"]
        assert annotations["helm.sh/resource-policy"] == "keep"


def test_users_have_the_rights_of_the_code_and_no_others(helm: Helm) -> None:
    rendered = helm.render(STRIMZI, more={"kafka": {"application": "bank"}})
    assert {
        each["metadata"]["name"]: each["spec"]["authorization"]["acls"]
        for each in rendered.of_kind("KafkaUser")
    } == {
        default_user(principal.role, "bank").removeprefix("User:"): [
            {
                "resource": {
                    "type": grant.resource.kind,
                    "name": grant.resource.name,
                    "patternType": "prefix" if grant.resource.is_prefix else "literal",
                },
                "operations": list(grant.operations),
            }
            for grant in principal.grants
        ]
        for principal in principals("bank")
    }


def test_the_scaler_looks_at_seconds_and_never_wants_more_workers_than_partitions(
    helm: Helm,
) -> None:
    rendered = helm.render(STRIMZI)
    scaler = rendered.one("ScaledObject")["spec"]
    (trigger,) = scaler["triggers"]
    assert "_lag_seconds{" in trigger["metadata"]["query"]
    assert trigger["metricType"] == "Value"
    assert scaler["maxReplicaCount"] <= 12
    scaled = scaler["scaleTargetRef"]["name"]
    (workload,) = [e for e in rendered.of_kind("StatefulSet") if e["metadata"]["name"] == scaled]
    assert "replicas" not in workload["spec"]


def test_alerts_are_those_that_are_tested_and_link_to_where_the_runbooks_are(helm: Helm) -> None:
    rule = helm.render(STRIMZI).one("PrometheusRule")
    tested = yaml.safe_load((ROOT / "deploy" / "monitoring" / "alerts.yml").read_text())
    at = "https://example.com/biolatch/blob/main/"
    for group in tested["groups"]:
        for each in group["rules"]:
            if "runbook_url" in each.get("annotations", {}):
                each["annotations"]["runbook_url"] = at + each["annotations"]["runbook_url"]
    assert rule["spec"] == tested


def test_topics_are_applied_before_workers_by_somebody_who_may(helm: Helm) -> None:
    job = helm.render(SECURED).one("Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["topics", "apply", "--partitions=24", "--replication=3"]
    assert variables(container)["BIOLATCH_KAFKA__SASL_USERNAME"] == "bank-operator"
    secrets = {
        each["secret"]["secretName"]
        for each in job["spec"]["template"]["spec"]["volumes"]
        if "secret" in each
    }
    assert "bank-operator" in secrets
    assert "bank-worker" not in secrets


def test_workers_reach_kafka_and_the_resolver_and_nobody_else(helm: Helm) -> None:
    policy = helm.render(SECURED).one("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == []
    resolver, kafka = policy["egress"]
    assert {each["port"] for each in resolver["ports"]} == {53}
    assert kafka == {
        "ports": [{"port": 9093, "protocol": "TCP"}],
        "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
    }


def test_the_notes_name_what_was_installed_and_warn_of_what_is_missing(helm: Helm) -> None:
    notes = helm.run(
        "install",
        "login",
        str(CHART),
        f"--values={CHART / 'ci' / 'plain.yaml'}",
        "--dry-run=client",
    ).stdout.partition("NOTES:")[2]
    assert "rollout status statefulset/login-biolatch-devices" in notes
    assert "in the clear and as nobody" in notes
    assert re.search(r"\n{3,}", notes.strip()) is None


def test_chart_and_application_have_the_version_of_the_project() -> None:
    text = (CHART / "Chart.yaml").read_text()
    project = (CHART.parents[2] / "pyproject.toml").read_text()
    (version,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    assert f"\nversion: {version}\n" in text
    assert f"\nappVersion: {version}\n" in text
