# Goal: the compose file starts what it says. There is no container engine here: the broker gets the
# settings of its container, and the commands of the others run against it.
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from agents.hosting import _STOP_S_MAX
from agents.settings import setting_variables
from deploy.kafka.free_ports import free_port
from deploy.kafka.jars import locked_jars
from deploy.kafka.local import BrokerOptions, LocalKafka
from schemas.sizing import LOCAL
from tests.deployment.chart import CHART, ROOT, VALUES
from tests.deployment.pages import commands
from tests.journeys.commands import biolatch_beside, running_worker

FILE = ROOT / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
KAFKA, TOPICS, WORKER = (SERVICES[name] for name in ("kafka", "topics", "worker"))
OURS = pytest.mark.parametrize("service", [TOPICS, WORKER], ids=["topics", "worker"])

PAGE = "how-to/deploy-compose.md"

LISTENER = re.compile(r"(INSIDE|HOST|CONTROLLER)://[^:,]*:\d+")


@pytest.mark.parametrize(
    "path",
    [FILE, CHART / "Chart.yaml", CHART / "values.yaml", *VALUES],
    ids=lambda path: path.name,
)
def test_yaml_is_linted(path: Path) -> None:
    rules = YamlLintConfig(
        "{extends: default, rules: {line-length: {max: 110}, document-start: disable, "
        "braces: {max-spaces-inside: 1}, comments: {min-spaces-from-content: 1}}}"
    )
    problems = [str(each) for each in linter.run(path.read_text(encoding="utf-8"), rules)]
    assert problems == []


def test_nothing_listens_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@OURS
def test_a_process_may_do_nothing_that_it_need_not(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) >= 10_000
    assert set(service["environment"]) <= set(setting_variables())


def test_a_worker_gets_longer_to_end_than_it_takes_at_most() -> None:
    assert int(WORKER["stop_grace_period"].removesuffix("s")) > _STOP_S_MAX


def test_the_broker_is_the_one_that_everything_is_tested_on() -> None:
    (version,) = {jar.version for jar in locked_jars() if jar.artifact == "kafka_2.13"}
    assert KAFKA["image"] == f"apache/kafka:{version}"


def properties(ports: dict[str, int]) -> dict[str, str]:
    """The container's settings as the broker gets them, at addresses of this machine."""
    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in KAFKA["environment"].items()
        if name.startswith("KAFKA_") and name != "KAFKA_LOG_DIRS"
    }
    at_home = {
        name: LISTENER.sub(lambda found: f"{found[1]}://127.0.0.1:{ports[found[1]]}", value)
        for name, value in given.items()
    }
    return at_home | {"controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}"}


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_broker_topics_and_worker_do_as_their_containers_are_told(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("INSIDE", "HOST", "CONTROLLER")}
    options = BrokerOptions(port=ports["HOST"], properties=properties(ports))
    inside = f"127.0.0.1:{ports['INSIDE']}"
    async with LocalKafka(tmp_path / "kafka", options=options):
        assert "created" in await biolatch_beside(inside, *TOPICS["command"])
        again = await biolatch_beside(inside, *TOPICS["command"])
        assert f"topics are as they should be ({LOCAL.partitions} partitions" in again
        assert WORKER["command"] == ["run"]
        with running_worker(inside, tmp_path, partitions=LOCAL.partitions):
            for program, *arguments in commands(PAGE):
                if program == "biolatch":
                    assert await biolatch_beside(f"127.0.0.1:{ports['HOST']}", *arguments)
