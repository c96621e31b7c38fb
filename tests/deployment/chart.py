"""Renders the Helm chart as an installation would, and reads what comes out."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "biolatch"
VALUES = sorted((CHART / "ci").glob("*.yaml"))
"""Whole sets of values: the least, a console behind a proxy, a secured Kafka elsewhere, everything
in one cluster."""

RELEASE = "login"
_WAIT_S = 60

Resource = dict[str, Any]


class Rendered(NamedTuple):
    """What an installation would apply, or why it would not."""

    code: int
    resources: list[Resource]
    said: str

    def of_kind(self, *kinds: str) -> list[Resource]:
        return [each for each in self.resources if each["kind"] in kinds]

    def one(self, kind: str) -> Resource:
        (found,) = self.of_kind(kind)
        return found


class Helm:
    """The program, kept away from this user's settings and caches."""

    def __init__(self, program: Path, home: Path) -> None:
        self._program = program
        self._environment = {"HOME": str(home), "PATH": os.defpath}
        self._rendered: dict[tuple[Path, ...], Rendered] = {}
        """What a set of values makes is asked for by many tests."""

    def render(
        self, *values: Path, more: Mapping[str, Any] | None = None, release: str = RELEASE
    ) -> Rendered:
        """Render the chart with these files of values, and more of them, for a first install."""
        if more is None and values in self._rendered:
            return self._rendered[values]
        done = self.run(
            "template",
            release,
            str(CHART),
            "--include-crds",
            *(f"--values={path}" for path in values),
            "--values=-",
            text=yaml.safe_dump(dict(more or {})),
        )
        resources = [each for each in yaml.safe_load_all(done.stdout) if each]
        rendered = Rendered(done.returncode, resources, done.stderr)
        if more is None:
            self._rendered[values] = rendered
        return rendered

    def run(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - the locked program, our own arguments
            [str(self._program), *arguments],
            env=self._environment,
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=_WAIT_S,
        )


def pods(rendered: Rendered) -> Iterator[tuple[str, Resource]]:
    """The pod template of each workload, by the workload's name."""
    for resource in rendered.of_kind("StatefulSet", "Deployment", "Job"):
        yield resource["metadata"]["name"], resource["spec"]["template"]


def containers(rendered: Rendered) -> Iterator[tuple[str, Resource]]:
    """Each container, by its workload's name."""
    for name, pod in pods(rendered):
        for container in pod["spec"]["containers"]:
            yield name, container


def variables(container: Resource) -> dict[str, Any]:
    """The environment of a container: values, or where they come from."""
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
