"""A real Prometheus with our alerts, which scrapes a worker and the monitor every second."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kafka.free_ports import free_port
from tests.kafka.monitoring.observed import WAIT_S, until

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
NEEDED = ("prometheus", "promtool")
MISSING = [name for name in NEEDED if shutil.which(name) is None]

needs_prometheus = pytest.mark.skipif(
    bool(MISSING),
    reason=f"no {' and no '.join(MISSING)} here: apt-get install prometheus",
)


def alert_expressions() -> dict[str, str]:
    rules = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))
    return {
        rule["alert"]: rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


class Prometheus:
    def __init__(self, port: int) -> None:
        self._port = port

    @property
    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    def query(self, expression: str) -> list[dict[str, Any]]:
        asked = urllib.parse.urlencode({"query": expression})
        address = f"http://127.0.0.1:{self._port}/api/v1/query?{asked}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as refused:
            with refused:
                pytest.fail(f"{expression}: {refused.read().decode()}")
        return found

    def becomes_true(self, expression: str, within_s: float = 3 * WAIT_S) -> None:
        until(lambda: bool(self.query(expression)), f"never true: {expression}", within_s)

    def becomes_false(self, expression: str, within_s: float = 3 * WAIT_S) -> None:
        until(lambda: not self.query(expression), f"stays true: {expression}", within_s)


@contextmanager
def running_prometheus(folder: Path, targets: Mapping[str, int]) -> Generator[Prometheus]:
    """Scrapes these ports on this machine, each under the name of its job."""
    port = free_port()
    (folder / "prometheus.yml").write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(FOLDER / "alerts.yml")],
                "scrape_configs": [
                    {
                        "job_name": job,
                        "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
                    }
                    for job, target in targets.items()
                ],
            }
        )
    )
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - Prometheus, with our own arguments
            [  # noqa: S607 - Debian's
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    prometheus = Prometheus(port)
    try:
        until(lambda: prometheus.is_ready, "Prometheus does not start")
        yield prometheus
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def with_windows(expression: str) -> str:
    """A query of the dashboard as Grafana would send it."""
    filled = expression.replace("$__rate_interval", "1m")
    return re.sub(r"\$\w+", ".*", filled)
