"""Every command and every line of code of docs/how-to/security-analytics.md, run."""

import json
import re
import shlex
import signal
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.analytics.agent_process import AgentProcess
from tests.journeys.commands import biolatch_beside

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "security-analytics.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
LANES = 3


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "python"}
    assert len(BLOCKS) == 8


class Reader:
    """Somebody who follows the page, line by line."""

    def __init__(self, servers: str, folder: Path) -> None:
        self._servers = servers
        self._folder = folder
        self.settings: dict[str, str] = {}
        self.agents: dict[str, AgentProcess] = {}
        self.answers: dict[str, str] = {}

    async def follow(self, block: str) -> None:
        for line in block.splitlines():
            match shlex.split(line):
                case ["export", assignment]:
                    name, _, value = assignment.partition("=")
                    is_path = "FILE" in name or "FOLDER" in name
                    self.settings[name] = str(self._folder / value) if is_path else value
                case ["biolatch", "run", "--agents", name]:
                    agent = AgentProcess(name, self._servers, self._folder, self.settings)
                    await agent.start()
                    self.agents[name] = agent
                case ["biolatch", *arguments]:
                    self.answers[line] = await self._run(arguments)
                case unknown:
                    raise AssertionError(unknown)

    async def _run(self, arguments: list[str]) -> str:
        here = [
            str(self._folder / each) if each.endswith((".json", ".svg")) else each
            for each in arguments
        ]
        return await biolatch_beside(self._servers, *here, settings=self.settings)


def a_day() -> list[dict[str, object]]:
    """An enrollment, logins, and a change of faces, just now."""
    now, device = datetime.now(tz=UTC).isoformat(), f"phone-{uuid.uuid4().hex[:8]}"
    ana: dict[str, object] = {"user_id": "ana", "key_id": "key-1", "bio_epoch": 1}
    enrolled = {
        **ana,
        "channel": "settings",
        "method": "face",
        "platform": "ios",
        "os_biometrics": "ready",
        "password_verified_at": now,
        "os_version": "27.1",
        "app_version": "4.2.0",
        "device_model": "iPhone 17",
    }
    tried = {**ana, "login_id": "login-1", "place": "sign_in"}
    changed = {"bio_epoch": 2, "change": "added", "detected_by": "domain_state"}
    told: list[tuple[str, dict[str, object]]] = [
        ("enrollment.submitted", enrolled),
        ("attempt.finished", {**tried, "outcome": "matched", "seq": 1}),
        *(("attempt.finished", {**tried, "outcome": "rejected", "seq": n}) for n in (2, 3, 4)),
        ("biometrics.changed", changed),
    ]
    return [
        {
            "specversion": "1.0",
            "id": uuid.uuid4().hex,
            "source": "/login",
            "type": f"biolatch.{kind}.v1",
            "subject": device,
            "time": now,
            "data": data,
        }
        for kind, data in told
    ]


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_all_of_the_page_does_what_it_says(
    served_kafka: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("".join(f"{json.dumps(event)}\n" for event in a_day()))
    await biolatch_beside(served_kafka, "publish", str(events))
    shell = [text for language, text in BLOCKS if language == "sh"]
    code = [text for language, text in BLOCKS if language == "python"]
    reader = Reader(served_kafka, tmp_path)
    switch_on, look, keep, ask, find, rotate = shell
    try:
        await reader.follow(switch_on)
        analytics = reader.agents["analytics"]
        await analytics.until_said("lane.serving", LANES)
        await reader.follow(look)
        await reader.follow(keep)
        await reader.agents["parquet"].until_said("parquet.kept")
        await reader.follow(ask)
    finally:
        codes = {name: await agent.end(signal.SIGTERM) for name, agent in reader.agents.items()}
    assert codes == {"analytics": 0, "parquet": 0}
    await reader.follow(find)
    await reader.follow(rotate)
    check_answers(reader.answers)
    assert (tmp_path / "failures.svg").read_text().startswith("<svg")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    for number, text in enumerate(code):
        exec(compile(text, f"block {number}", "exec"), {})  # noqa: S102 - our own page
    printed = capsys.readouterr().out
    assert "Authentication" in printed
    assert "SELECT" in printed


def check_answers(answers: Mapping[str, str]) -> None:
    told = answers["biolatch tail security-events -n 3"].splitlines()
    assert len(told) == 3
    assert all(re.search(r"(Authentication|Management|Change|Finding): \w+", line) for line in told)
    assert "missing" in answers["biolatch analyse gaps"]
    assert json.loads(answers["biolatch analyse untrusted --json"])["events"] >= len(told)
    [masks] = [answer for line, answer in answers.items() if "feed-key mask" in line]
    assert re.search(r"^device +\S{8} +\S{8}\.\S{43}$", masks, re.MULTILINE)
    assert "phone-1" not in masks
