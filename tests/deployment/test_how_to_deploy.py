# Goal: the pages about deploying name what there is. What needs a cluster or a container engine is
# compared with what the chart renders and the compose file has; the rest runs.
from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from tests.deployment.chart import ROOT, Helm, Rendered, containers
from tests.deployment.pages import blocks, commands
from tests.deployment.test_compose import SERVICES

PAGE = "how-to/deploy-kubernetes.md"
COMPOSE_PAGE = "how-to/deploy-compose.md"
RELEASE, NAMESPACE = "biolatch", "biolatch"


@pytest.fixture
def values() -> dict[str, Any]:
    first, beside_workers = (yaml.safe_load(text) for text in blocks(PAGE, "yaml"))
    return {**first, **beside_workers}


@pytest.fixture
def rendered(helm: Helm, values: dict[str, Any]) -> Rendered:
    result = helm.render(more=values, release=RELEASE)
    assert result.code == 0, result.said
    return result


@pytest.mark.long
def test_every_command_of_the_kubernetes_page_is_about_what_the_chart_makes(
    values: dict[str, Any], rendered: Rendered
) -> None:
    (image,) = {container["image"] for _name, container in containers(rendered)}
    workloads = {each["metadata"]["name"] for each in rendered.of_kind("StatefulSet")}
    services = {each["metadata"]["name"]: each["spec"] for each in rendered.of_kind("Service")}
    secrets = {
        (each["secretName"], each["key"])
        for part in (values, *(values[name] for name in ("console", "readApi", "parquet")))
        for each in part["secretFiles"].values()
    }

    def check(words: Sequence[str]) -> None:
        match words:
            case ["docker", "build", "--file", file, "--tag", tag, "."]:
                assert ((ROOT / file).is_file(), tag) == (True, image)
            case ["docker", "push", tag]:
                assert tag == image
            case ["kubectl", "create", "namespace", name]:
                assert name == NAMESPACE
            case ["kubectl", "--namespace", name, "create", "secret", "generic", secret, source]:
                assert name == NAMESPACE
                assert (secret, source.removeprefix("--from-file=").split("=")[0]) in secrets
            case ["kubectl", "--namespace", name, "rollout", "status", what]:
                assert (name, what) == (NAMESPACE, "statefulset/biolatch-devices")
                assert what.removeprefix("statefulset/") in workloads
            case ["kubectl", "--namespace", name, "exec", pod, "--", "biolatch", *command]:
                assert (name, pod.removesuffix("-0") in workloads) == (NAMESPACE, True)
                assert command in (["lag"], ["analyse", "gaps"])
            case ["kubectl", "--namespace", name, "port-forward", what, port]:
                (served,) = services[what.removeprefix("service/")]["ports"]
                assert (name, served["port"]) == (NAMESPACE, int(port))
            case ["biolatch", "console-token", "add", *_]:
                pass  # runs in tests/kafka/commands/console/test_how_to_console.py
            case ["helm", "upgrade", "--install", release, chart, *rest]:
                assert (release, (ROOT / chart / "Chart.yaml").is_file()) == (RELEASE, True)
                assert rest == ["--namespace", NAMESPACE, "--values", "values.yaml"]
            case ["helm", "uninstall", release, "--namespace", name]:
                assert (release, name) == (RELEASE, NAMESPACE)
            case _:
                pytest.fail(f"nothing checks this command: {words}")

    checked = [check(words) for words in commands(PAGE)]
    assert len(checked) > 6


def test_every_command_of_the_compose_page_is_about_what_the_file_has() -> None:
    for words in commands(COMPOSE_PAGE):
        match words:
            case ["docker", "build", "--file", file, "--tag", tag, "."]:
                assert (ROOT / file).is_file()
                assert {each["image"] for each in SERVICES.values()} >= {tag}
            case ["docker", "compose", "--file", "deploy/compose.yaml", "up", "--detach"]:
                pass
            case [*start, "up", "--detach", "--scale", scaled] if start[:2] == [
                "docker",
                "compose",
            ]:
                assert scaled.partition("=")[0] in SERVICES
            case ["docker", "compose", "--file", "deploy/compose.yaml", "down", "--volumes"]:
                pass
            case ["biolatch", *_]:
                pass  # runs in test_compose.py, on the broker of the file
            case _:
                pytest.fail(f"nothing checks this command: {words}")
