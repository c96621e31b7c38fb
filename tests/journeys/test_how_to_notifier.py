"""Every command and every line of code of docs/how-to/notifier.md, run."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.demo.story.people import Person
from deploy.kafka.free_ports import free_port
from tests.journeys.commands import BIOLATCH, environment
from tests.journeys.journey import Journey

WAIT_S = 120
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "notifier.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
[CODE] = [text for language, text in BLOCKS if language == "python"]
SET_UP, RUN, LIST, REPLAY, ROTATE = [text for language, text in BLOCKS if language == "sh"]


def test_the_page_has_nothing_but_what_is_run_here() -> None:
    assert [language for language, _ in BLOCKS if language not in {"sh", "python"}] == []


class Refusing:
    """Stands before the page's receiver, and refuses messages for some devices."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.devices: set[str] = set()
        self.ids: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body = await Request(scope, receive).body()
        if any(device.encode() in body for device in self.devices):
            self.ids.append(dict(scope["headers"])[b"webhook-id"].decode())
            return await Response(status_code=422)(scope, receive, send)

        async def again() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        return await self.app(scope, again, send)


@asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.ensure_future(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class Shell:
    """Runs what the page says, in a folder of its own, with the addresses of the test."""

    def __init__(self, servers: str, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        path = f"{BIOLATCH.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = environment(servers) | {
            "PATH": path,
            "BIOLATCH_NOTIFIER__ENDPOINTS_FILE": "endpoints.toml",
        }

    async def start(self, commands: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "bash",
            "-euc",
            commands.replace(":8080", f":{self.port}").replace("biolatch run", "exec biolatch run"),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self, commands: str) -> str:
        process = await self.start(commands)
        async with asyncio.timeout(WAIT_S):
            said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()


@pytest.mark.drill
@pytest.mark.timeout(600)
@pytest.mark.asyncio(loop_scope="module")
async def test_all_commands_and_all_code_of_the_page_do_what_they_say(
    served_kafka: str,
    journey: Journey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = free_port()
    shell = Shell(served_kafka, tmp_path, port)
    assert "push.secret: a new secret" in await shell.run(SET_UP)
    monkeypatch.chdir(tmp_path)
    page: dict[str, Any] = {}
    exec(CODE, page)  # noqa: S102 - our own page
    receiver = Refusing(page["app"])
    ana, phone, refused = Person("ana", "face"), journey.phone(), journey.phone()
    receiver.devices = {refused.device}

    async with served(receiver, port):
        await journey.enables(phone, ana)
        await journey.enables(refused, ana)
        worker = await shell.start(RUN)
        printed = ""
        async with asyncio.timeout(WAIT_S):
            while phone.device not in printed or not receiver.ids:
                await asyncio.sleep(0.05)
                printed += capsys.readouterr().out
        assert f"{phone.device} ana None Face ID is on" in printed

        async with asyncio.timeout(WAIT_S):
            while refused.device not in (listed := await shell.run(LIST)):  # noqa: ASYNC110 - asked
                await asyncio.sleep(0.05)
        assert "notification.refused" in listed
        assert "status 422, after 1 try" in listed

        receiver.devices = set()
        assert "push: " in await shell.run(REPLAY)
        assert refused.device in capsys.readouterr().out
        assert set(receiver.ids) <= page["seen"]
        assert await shell.run(REPLAY) == "push: 0 notifications delivered\n"

        await shell.run(ROTATE)
        assert '["push-2.secret", "push.secret"]' in (tmp_path / "endpoints.toml").read_text()
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WAIT_S):
            said, _ = await worker.communicate()
        assert worker.returncode == 0, said.decode()
    assert phone.device not in said.decode()
