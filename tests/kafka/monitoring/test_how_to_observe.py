"""Every command of docs/how-to/observe.md, run."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.journeys.commands import biolatch
from tests.kafka.monitoring.collector import running_collector
from tests.kafka.monitoring.conftest import ObservedKafka
from tests.kafka.monitoring.observed import Watched, declined, until
from tests.kafka.monitoring.prometheus import needs_prometheus

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "observe.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LINES = [line for _, block in BLOCKS for line in block.splitlines()]

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"sh"}
    assert [shlex.split(line)[0] for line in LINES] == [
        *("biolatch", "curl", "curl", "biolatch", "curl", "promtool", "promtool"),
        *("export", "biolatch", "biolatch"),
    ]


def test_what_is_asked_for_by_http_is_answered(observed_kafka: ObservedKafka) -> None:
    # `biolatch run` and `biolatch monitor`, at ports of the test's own.
    at = {9464: observed_kafka.at, 9465: observed_kafka.monitor}
    with observed_kafka.worker():
        asked = [shlex.split(line)[1] for line in LINES if line.startswith("curl")]
        for address in asked:
            found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\w+)", address)
            assert found
            watched: Watched = at[int(found[1])]
            assert watched.get(found[2]).status == 200, address


def test_what_is_published_with_an_endpoint_is_traced(
    observed_kafka: ObservedKafka, tmp_path: Path
) -> None:
    variable, _ = LINES[-3].removeprefix("export ").split("=")
    with running_collector() as collector:
        settings = {variable: collector.endpoint}
        with observed_kafka.worker(**settings):
            _, command, name = shlex.split(LINES[-1])
            events = tmp_path / name
            events.write_text(json.dumps(declined("phone-1")), encoding="utf-8")
            biolatch(observed_kafka.servers, command, str(events), settings=settings)
            until(
                lambda: len(collector.spans("biolatch-devices")) == 1,
                "the spans of the worker are late",
            )
        assert len(collector.spans("biolatch-publish")) == 1


@needs_prometheus
@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("promtool check")])
def test_what_is_checked_by_promtool_is_sound(line: str) -> None:
    # The other one of the page is run by the drills.
    done = subprocess.run(shlex.split(line), cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - the page's own command
    assert done.returncode == 0, done.stdout
