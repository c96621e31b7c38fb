"""Every command of docs/how-to/read-api.md, run in a shell, with a real Kafka behind it."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.kafka.local import LocalKafka
from deploy.read_api.problems import Problem
from schemas.topics import DEVICE_STATE
from tests.client.read_api_process import TOKEN, served_api
from tests.client.test_answers import value_with
from tests.client.test_read_api_served import until

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "read-api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [text for language, text in BLOCKS if language == "sh"]
[PERMISSION] = [text for language, text in BLOCKS if language == "json"]
START = "biolatch read-api\n"


def sh(command: str, folder: Path) -> str:
    """What a shell says to it."""
    done = subprocess.run(  # noqa: S603 - our own page
        ["/bin/sh", "-euc", command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "json"}
    assert COMMANDS[0].endswith(START)


def test_every_problem_is_on_the_page() -> None:
    for problem in Problem:
        assert f"`{problem.value.kind}`" in PAGE
        assert str(problem.value.status) in PAGE


def test_every_command_of_the_page_does_what_it_says(
    topics_kafka: LocalKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = f"phone-{uuid.uuid4().hex[:8]}"

    async def enable() -> None:
        async with AIOKafkaProducer(bootstrap_servers=topics_kafka.bootstrap_servers) as producer:
            value = value_with(status="enabled", reason=None, guidance="none")
            await producer.send_and_wait(DEVICE_STATE, value, key=device.encode())

    asyncio.run(enable())
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    # Starting it is done below, where its port is known.
    sh(COMMANDS[0].removesuffix(START), tmp_path)
    assert (tmp_path / "tokens").stat().st_mode & 0o777 == 0o600
    with served_api(topics_kafka.bootstrap_servers, tmp_path) as api:
        (tmp_path / "tokens").write_text(TOKEN)
        until(lambda: api.client.get("/readyz").status_code == 200)
        here = str(api.client.base_url).rstrip("/")
        asked = [
            text.replace("http://127.0.0.1:8741", here).replace("phone-1", device)
            for text in COMMANDS[1:]
        ]
        said = [sh(text, tmp_path) for text in asked]
    assert said[0] == PERMISSION.rstrip("\n")
    assert said[1].startswith("HTTP/1.1 200 OK")
    assert "etag:" in said[1]
    assert json.loads(said[1].rpartition("\n")[2])["users"]["ana"]["status"] == "enabled"
    assert said[2] == '{"ready":true}{"alive":true}'
