# Goal: what stands beside the workers (the console, the read API, the security feed's files) is off
# until somebody asks for it, has no rights and no secrets but its own, and is reached by those who
# are named and nobody else.
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from agents.console_settings import ConsoleSettings
from deploy.read_api.serve import _CLOSING_S_MAX
from deploy.web_console.access import ways_in
from deploy.web_console.front_door import FrontDoor
from schemas.principals import default_user, principals
from tests.deployment.chart import CHART, ROOT, Helm, Rendered, containers, pods, variables

PLAIN, PROXIED, STRIMZI = (
    CHART / "ci" / f"{name}.yaml" for name in ("plain", "proxied", "strimzi")
)
CONSOLE, READ_API, PARQUET = (
    f"login-biolatch-{name}" for name in ("console", "read-api", "parquet")
)
POD_ADDRESS = "10.1.2.3"
ROW_BYTES_MAX = 4096
"""What an event takes in memory before it stands in a file, measured with events of every kind."""

pytestmark = pytest.mark.long


def container(rendered: Rendered, name: str) -> dict[str, Any]:
    (found,) = [each for workload, each in containers(rendered) if workload == name]
    return found


def named(rendered: Rendered, kind: str, name: str) -> dict[str, Any]:
    (found,) = [e for e in rendered.of_kind(kind) if e["metadata"]["name"] == name]
    return found


def test_nothing_of_it_is_there_until_it_is_asked_for(helm: Helm) -> None:
    names = {each["metadata"]["name"] for each in helm.render(PLAIN).resources}
    assert not {CONSOLE, READ_API, PARQUET} & names


def test_every_process_is_the_user_whose_rights_are_made_for_it(helm: Helm) -> None:
    for _name, each in containers(helm.render(STRIMZI)):
        command = " ".join(each["args"]).removesuffix(" --agents devices")
        (principal,) = [p for p in principals() if f"`biolatch {command}`" in p.purpose]
        user = default_user(principal.role).removeprefix("User:")
        own = variables(each)
        assert own["BIOLATCH_KAFKA__SASL_USERNAME"] == user, command


def test_keys_that_only_workers_need_are_given_to_workers_only(helm: Helm) -> None:
    rendered = helm.render(PROXIED)
    of_workers = {"BIOLATCH_SIGNATURES__KEYS_FILE", "BIOLATCH_ERASURE__MARK_KEYS_FILE"}
    for name, pod in pods(rendered):
        (each,) = pod["spec"]["containers"]
        secrets = {
            volume["secret"]["secretName"]
            for volume in pod["spec"]["volumes"]
            if "secret" in volume
        }
        if name in {CONSOLE, READ_API}:
            assert not of_workers & set(variables(each))
            assert not {"publishers-keys", "erasure-keys"} & secrets
            assert variables(each)["BIOLATCH_LOG__LEVEL"] == "warning"
        else:
            assert of_workers <= set(variables(each))


@pytest.mark.parametrize(
    ("name", "group", "port_name"),
    [(CONSOLE, "CONSOLE", "console"), (READ_API, "READ_API", "read-api")],
)
def test_it_listens_where_its_service_and_its_probes_ask(
    helm: Helm, name: str, group: str, port_name: str
) -> None:
    rendered = helm.render(STRIMZI)
    each = container(rendered, name)
    own = variables(each)
    assert own[f"BIOLATCH_{group}__HOST"] == "0.0.0.0"  # noqa: S104 - in the container
    (port,) = each["ports"]
    assert port == {"name": port_name, "containerPort": int(own[f"BIOLATCH_{group}__PORT"])}
    (served,) = named(rendered, "Service", name)["spec"]["ports"]
    assert served["targetPort"] == port_name
    for probe in ("livenessProbe", "readinessProbe"):
        assert each[probe]["httpGet"]["port"] == port_name


async def test_the_console_answers_its_probe_and_would_not_without_the_name_it_is_asked_by(
    helm: Helm,
) -> None:
    probe = container(helm.render(STRIMZI), CONSOLE)["livenessProbe"]["httpGet"]
    settings = ConsoleSettings(
        host="0.0.0.0",  # noqa: S104 - nothing listens here
        proxy_user_header="x-auth-request-email",
        trusted_proxies="10.0.0.0/8",
    )
    access = ways_in(settings).access
    door = FrontDoor(
        Starlette(routes=[Route(probe["path"], lambda _: PlainTextResponse("ok"))]),
        sessions=access.sessions,
        proxy=access.proxy,
        host_names=access.host_names,
    )
    transport = httpx2.ASGITransport(app=door, client=(POD_ADDRESS, 40_000))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{POD_ADDRESS}") as kubelet:
        headers = {each["name"]: each["value"] for each in probe["httpHeaders"]}
        assert (await kubelet.get(probe["path"], headers=headers)).status_code == 200
        assert (await kubelet.get(probe["path"])).status_code == 421


@pytest.mark.parametrize(("values", "scheme"), [(STRIMZI, "HTTP"), (PROXIED, "HTTPS")])
def test_the_console_is_probed_in_the_way_that_it_speaks(
    helm: Helm, values: Path, scheme: str
) -> None:
    each = container(helm.render(values), CONSOLE)
    for probe in ("livenessProbe", "readinessProbe"):
        assert each[probe]["httpGet"]["scheme"] == scheme


def test_the_read_api_is_probed_at_paths_that_need_no_token(helm: Helm) -> None:
    each = container(helm.render(STRIMZI), READ_API)
    described = json.loads((ROOT / "docs" / "reference" / "read-api.json").read_text())["paths"]
    paths = [each[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")]
    assert paths == ["/healthz", "/readyz"]
    for path in paths:
        assert described[path]["get"]["security"] == []


def test_callers_of_the_read_api_are_sent_elsewhere_before_it_ends(helm: Helm) -> None:
    workload = named(helm.render(STRIMZI), "Deployment", READ_API)["spec"]
    pod = workload["template"]["spec"]
    (each,) = pod["containers"]
    waits_s = each["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod.get("terminationGracePeriodSeconds", 30) > waits_s + _CLOSING_S_MAX
    assert workload["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@pytest.mark.parametrize(
    ("values", "name", "key"),
    [
        (STRIMZI, CONSOLE, "console"),
        (STRIMZI, READ_API, "readApi"),
        (PROXIED, CONSOLE, "console"),
        (PROXIED, READ_API, "readApi"),
    ],
)
def test_its_port_is_open_to_those_whom_the_values_name_and_to_nobody_else(
    helm: Helm, values: Path, name: str, key: str
) -> None:
    rendered = helm.render(values)
    named_peers = yaml.safe_load(values.read_text(encoding="utf-8"))[key].get("from", [])
    (port,) = container(rendered, name)["ports"]
    policy = named(rendered, "NetworkPolicy", name)["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    expected = [{"from": named_peers, "ports": [{"port": port["name"]}]}] if named_peers else []
    assert policy["ingress"] == expected
    (common,) = [e["spec"] for e in rendered.of_kind("NetworkPolicy") if "egress" in e["spec"]]
    assert port["name"] not in json.dumps(common["ingress"])


def test_without_network_policies_there_is_none(helm: Helm) -> None:
    rendered = helm.render(STRIMZI, more={"networkPolicy": {"enabled": False}})
    assert rendered.code == 0, rendered.said
    assert rendered.of_kind("NetworkPolicy") == []


def test_one_process_has_the_folder_of_the_feed_on_a_volume_that_stays(helm: Helm) -> None:
    rendered = helm.render(STRIMZI)
    workload = named(rendered, "StatefulSet", PARQUET)["spec"]
    assert workload["replicas"] == 1
    (claim,) = workload["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"
    assert set(workload["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    each = container(rendered, PARQUET)
    mounted = {mount["name"]: mount["mountPath"] for mount in each["volumeMounts"]}
    folder = variables(each)["BIOLATCH_ANALYTICS__PARQUET_FOLDER"]
    assert folder.startswith(mounted[claim["metadata"]["name"]] + "/")


def test_what_waits_for_its_file_fits_into_the_memory_of_its_pod() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    parquet, partitions = values["parquet"], values["topics"]["partitions"]
    rows = parquet["settings"]["BIOLATCH_ANALYTICS__PARQUET_RECORDS_MAX"] * partitions
    gibibytes = int(parquet["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert rows * ROW_BYTES_MAX < gibibytes * 2**30 / 2
