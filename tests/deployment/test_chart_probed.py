# Goal: what the chart starts answers the probes that the chart has. There is no Kubernetes here:
# the command runs on a real Kafka with its container's own environment, files of this machine in
# place of its Secrets, and a free port in place of its own.
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.exit_codes import ExitCode
from deploy.kafka.free_ports import free_port
from deploy.kafka.local import LocalKafka
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.tokens_file import digest_of, written_tokens
from tests.deployment.chart import CHART, Helm, containers, variables
from tests.journeys.commands import BIOLATCH, environment
from tests.kafka.monitoring.observed import until

PLAIN = CHART / "ci" / "plain.yaml"
TOKEN = secrets.token_hex(32)
FILES = {
    "BIOLATCH_CONSOLE__TOKENS_FILE": written_tokens(
        {digest_of(TOKEN): Identity("olga", ConsoleRole.VIEWER)}
    ),
    "BIOLATCH_READ_API__TOKENS_FILE": f"{TOKEN}\n".encode(),
}
VALUES = {
    part: {"enabled": True, "secretFiles": {name: {"secretName": "tokens", "key": "tokens"}}}
    for part, name in zip(("console", "readApi"), FILES, strict=True)
}

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def servers(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> str:
    applied = subprocess.run(  # noqa: S603 - our own command line
        [BIOLATCH, "topics", "apply"],
        env=environment(kafka.bootstrap_servers),
        cwd=tmp_path_factory.mktemp("topics"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode in {ExitCode.OK, ExitCode.DRIFT}, applied.stderr
    return kafka.bootstrap_servers


@contextmanager
def running(container: dict[str, Any], servers: str, folder: Path, port: int) -> Iterator[None]:
    """The container's command, until the end of the block; then it ends as it is told to."""
    own: dict[str, str] = {}
    for name, value in variables(container).items():
        if name in FILES:
            file = folder / name
            file.write_bytes(FILES[name])
            file.chmod(0o600)
            own[name] = str(file)
        elif name.endswith("__PORT"):
            own[name] = str(port)
        elif isinstance(value, str):
            own[name] = value
    address = {"BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": servers}
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            [BIOLATCH, *container["args"]],
            env=environment(None) | own | address,
            cwd=folder,
            stdout=said,
            stderr=said,
        )
    try:
        yield
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == ExitCode.OK, log.read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["console", "read-api"])
def test_what_the_chart_starts_answers_its_probes_and_ends_when_it_is_told_to(
    helm: Helm, servers: str, tmp_path: Path, name: str
) -> None:
    (container,) = [
        each
        for workload, each in containers(helm.render(PLAIN, more=VALUES))
        if workload == f"login-biolatch-{name}"
    ]
    port = free_port()

    def is_well(probe: dict[str, Any]) -> bool:
        headers = {each["name"]: each["value"] for each in probe.get("httpHeaders", [])}
        try:
            answer = httpx2.get(f"http://127.0.0.1:{port}{probe['path']}", headers=headers)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200

    with running(container, servers, tmp_path, port):
        for probe in ("livenessProbe", "readinessProbe"):
            until(lambda probe=probe: is_well(container[probe]["httpGet"]), probe, within_s=120)
