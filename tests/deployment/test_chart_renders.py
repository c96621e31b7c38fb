# Goal: whatever values a deployment has, what the chart makes of them is what Kubernetes takes, and
# as little may be done by it or to it as possible.
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from jsonschema import Draft202012Validator

from tests.deployment.chart import VALUES, Helm, Rendered, containers, pods

KUBERNETES = ("1.30", "1.37")
"""The oldest that Chart.yaml allows, and the newest whose schemas are at hand."""

CUSTOM = {
    path.stem: json.loads(path.read_text()) for path in Path(__file__).with_name("crd").glob("*")
}
"""Schemas of kinds that operators add: our own, of the fields that we use and of no others."""

pytestmark = pytest.mark.long
SETS = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)


@pytest.fixture
def rendered(helm: Helm, values: Path) -> Rendered:
    result = helm.render(values)
    assert result.code == 0, result.said
    return result


@SETS
def test_the_chart_is_linted_without_a_warning(helm: Helm, values: Path) -> None:
    linted = helm.run("lint", "--strict", "deploy/helm/biolatch", f"--values={values}")
    assert linted.returncode == 0, linted.stdout
    assert "[WARNING]" not in linted.stdout


@SETS
@pytest.mark.parametrize("version", KUBERNETES)
def test_every_resource_is_what_kubernetes_takes(rendered: Rendered, version: str) -> None:
    for resource in rendered.resources:
        if resource["kind"] not in CUSTOM:
            kubernetes_validate.validate(resource, version, strict=True)


@SETS
def test_every_resource_of_an_operator_has_the_fields_that_its_documentation_names(
    rendered: Rendered,
) -> None:
    for resource in rendered.resources:
        if (schema := CUSTOM.get(resource["kind"])) is not None:
            Draft202012Validator.check_schema(schema)
            Draft202012Validator(schema).validate(resource)


def test_every_kind_of_an_operator_is_rendered_by_some_set_of_values(helm: Helm) -> None:
    kinds = {each["kind"] for path in VALUES for each in helm.render(path).resources}
    assert set(CUSTOM) <= kinds


@SETS
def test_names_are_unique_and_every_resource_belongs_to_the_release(rendered: Rendered) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in rendered.resources]
    assert len(names) == len(set(names))
    for resource in rendered.resources:
        assert resource["metadata"]["labels"]["app.kubernetes.io/instance"] == "login"


@SETS
def test_a_pod_may_do_nothing_that_it_need_not(rendered: Rendered) -> None:
    for _name, pod in pods(rendered):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] >= 10_000
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    for _name, container in containers(rendered):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert not container["image"].endswith(":latest")


@SETS
def test_whatever_is_written_is_written_to_a_volume(rendered: Rendered) -> None:
    for _name, pod in pods(rendered):
        (container,) = pod["spec"]["containers"]
        mounted = {each["name"]: each for each in container["volumeMounts"]}
        volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
        assert mounted["scratch"]["mountPath"] == "/tmp"  # noqa: S108 - in the container
        assert set(mounted) - {"rows", "feed"} == set(volumes)
        read_only = {name for name, volume in volumes.items() if "emptyDir" not in volume}
        assert all(mounted[name].get("readOnly") for name in read_only)


@SETS
def test_selectors_meet_the_pods_that_they_are_for(rendered: Rendered) -> None:
    for workload in rendered.of_kind("StatefulSet", "Deployment"):
        name, spec = workload["metadata"]["name"], workload["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert _selects(spec["selector"]["matchLabels"], labels)
        assert set(_selecting(rendered, "PodDisruptionBudget", labels)) <= {name}
        assert set(_selecting(rendered, "Service", labels)) <= {name}
        if workload["kind"] == "StatefulSet":
            assert spec["serviceName"] == name
            assert _selecting(rendered, "Service", labels) == [name]
        for spread in spec["template"]["spec"].get("topologySpreadConstraints", []):
            assert _selects(spread["labelSelector"]["matchLabels"], labels)
    common = next(e for e in rendered.of_kind("NetworkPolicy") if "egress" in e["spec"])
    for _name, pod in pods(rendered):
        assert _selects(_selector(common), pod["metadata"]["labels"])


@SETS
def test_a_drain_takes_no_more_than_one_pod_of_those_that_have_several(rendered: Rendered) -> None:
    for workload in rendered.of_kind("StatefulSet", "Deployment"):
        if workload["spec"].get("replicas", 3) > 1:  # without: a scaler says how many
            labels = workload["spec"]["template"]["metadata"]["labels"]
            assert _selecting(rendered, "PodDisruptionBudget", labels), workload["metadata"]["name"]
    for budget in rendered.of_kind("PodDisruptionBudget"):
        assert budget["spec"]["maxUnavailable"] == 1


@SETS
def test_a_service_leads_to_a_port_that_its_pods_have(rendered: Rendered) -> None:
    templates = dict(pods(rendered))
    for service in rendered.of_kind("Service"):
        (container,) = templates[service["metadata"]["name"]]["spec"]["containers"]
        has = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        for port in service["spec"].get("ports", []):
            assert port["port"] == has[port["targetPort"]]


def _selecting(rendered: Rendered, kind: str, labels: dict[str, str]) -> list[str]:
    """The resources of a kind that are for pods with these labels."""
    return [
        each["metadata"]["name"]
        for each in rendered.of_kind(kind)
        if _selects(_selector(each), labels)
    ]


def _selector(resource: dict[str, Any]) -> dict[str, str]:
    spec = resource["spec"]
    selector: dict[str, Any] = spec["podSelector" if "podSelector" in spec else "selector"]
    found: dict[str, str] = selector.get("matchLabels", selector)
    return found


def _selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()
