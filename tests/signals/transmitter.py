"""The transmitter as a process, with files and settings of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Generator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.kafka import launcher
from deploy.kafka.admin import KafkaAdmin
from deploy.topic_setup import Wishes, apply
from schemas.topics import topology
from tests.journeys.commands import BIOLATCH, COMMAND_WAIT_S, environment
from tests.signals.http_client import Client
from tests.signals.token_server import ISSUER, TOKEN_ISSUER, TokenServer, signing_keys


class Process:
    """`biolatch run --agents signals`, with its log in sight."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    @property
    def url(self) -> str:
        port = next(line["port"] for line in self.lines if line["event"] == "signals.serving")
        return f"http://127.0.0.1:{port}"

    def said(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == event]

    def wait_until_said(self, event: str, count: int = 1) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: len(self.said(event)) >= count or self.process.poll() is not None,
                timeout=COMMAND_WAIT_S,
            ), self.lines
        assert self.process.poll() is None, self.lines

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=COMMAND_WAIT_S)
        self._listening.join()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=COMMAND_WAIT_S)
        self._listening.join()
        return code

    def _listen(self) -> None:
        stderr = self.process.stderr
        assert stderr is not None
        for line in stderr:
            with self._news:
                self.lines.append(
                    json.loads(line) if line.startswith("{") else {"event": "", "line": line}
                )
                self._news.notify_all()
        stderr.close()
        with self._news:
            self._news.notify_all()


@dataclass
class Installation:
    """Files and settings of the transmitters of one test."""

    servers: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    tokens: TokenServer = field(default_factory=TokenServer)
    without: AbstractSet[str] = frozenset()
    is_prepared: bool = False
    application: str = field(default_factory=lambda: f"signals-{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        (self.folder / "login.jwks").write_text(self.tokens.keys())
        if not self.is_prepared:
            prepare(self.servers, self.application)
        self.keys_file.write_text(signing_keys())
        self.keys_file.chmod(0o600)

    @property
    def keys_file(self) -> Path:
        return self.folder / "signals.jwks"

    def variables(self) -> dict[str, str]:
        variables = {
            "BIOLATCH_APPLICATION__NAME": self.application,
            "BIOLATCH_LOG__FORMAT": "json",
            "BIOLATCH_SIGNALS__ISSUER": ISSUER,
            "BIOLATCH_SIGNALS__LISTEN_PORT": "0",
            "BIOLATCH_SIGNALS__KEYS_FILE": str(self.keys_file),
            "BIOLATCH_SIGNALS__TOKEN_ISSUER": TOKEN_ISSUER,
            "BIOLATCH_SIGNALS__TOKEN_KEYS_FILE": str(self.folder / "login.jwks"),
            "BIOLATCH_SIGNALS__BACKOFF_S_MIN": "0.05",
            "BIOLATCH_SIGNALS__BACKOFF_S_MAX": "0.5",
            "BIOLATCH_SIGNALS__POLL_WAIT_S_MAX": "5",
            "BIOLATCH_SIGNALS__VERIFICATION_INTERVAL_S_MIN": "0",
            **self.settings,
        }
        return {name: value for name, value in variables.items() if name not in self.without}

    def run(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 (our own command line, no shell)
            [BIOLATCH, *arguments],
            env=environment(self.servers),
            capture_output=True,
            text=True,
            timeout=COMMAND_WAIT_S,
            check=True,
        )
        return done.stdout

    def refused(self) -> str:
        """What a transmitter says that ends at its start, because of its settings."""
        done = subprocess.run(  # noqa: S603 (our own command line, no shell)
            [BIOLATCH, "run", "--agents", "signals"],
            env=environment(self.servers) | self.variables(),
            capture_output=True,
            text=True,
            timeout=COMMAND_WAIT_S,
            check=False,
        )
        assert done.returncode == 3, done.stderr
        return done.stderr

    @contextmanager
    def process(self) -> Generator[Process]:
        """A transmitter that serves; one that the test has not ended ends in good order."""
        bound = [sys.executable, "-I", "-S", launcher.__file__, "bound", str(os.getpid())]
        pid_file = self.folder / f"{uuid.uuid4().hex}.pid"
        started = subprocess.Popen(  # noqa: S603 (as above)
            [*bound, str(pid_file), str(BIOLATCH), "run", "--agents", "signals"],
            env=environment(self.servers) | self.variables(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        process = Process(started)
        try:
            process.wait_until_said("signals.serving")
            yield process
        finally:
            code = process.stop()
        assert code in (0, -signal.SIGKILL), process.lines


@asynccontextmanager
async def client_of(
    process: Process, installation: Installation, receiver: str = "receiver-1"
) -> AsyncIterator[Client]:
    client = Client(process.url, installation.tokens, receiver)
    try:
        yield client
    finally:
        await client.close()


def prepare(servers: str, application: str) -> None:
    """Create an application's topics, from whatever runs."""

    async def topics() -> None:
        async with KafkaAdmin(servers) as admin:
            await apply(admin, topology(application), Wishes())

    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(topics())).result()
