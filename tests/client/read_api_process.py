"""`biolatch read-api` as a process, on a port of its own, and a client that talks to it."""

import json
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest

from tests.kafka.commands.command_line import Program

TOKEN = "0123456789abcdef" * 4
ALLOWED = {"authorization": f"Bearer {TOKEN}"}


class ServedApi:
    """The running API.

    Attributes:
        client: with a token that is let in.
        tokens_file: the tokens that are let in.
        log: every line of its log so far.
    """

    def __init__(self, program: Program, tokens_file: Path) -> None:
        self.program = program
        self.tokens_file = tokens_file
        self.log: list[str] = []
        stderr = program.process.stderr
        assert stderr is not None
        self.client = httpx2.Client(base_url=self._address(stderr), headers=ALLOWED, timeout=30)
        self._reading = threading.Thread(target=self._read, args=(stderr,), daemon=True)
        self._reading.start()

    def _address(self, stderr: IO[bytes]) -> str:
        """Where it listens: the log says so, once."""
        for line in stderr:
            self.log.append(line.decode())
            said = json.loads(line) if line.startswith(b"{") else {}
            if said.get("event") == "read-api.listening":
                address: str = said["address"]
                return address
        raise AssertionError("".join(self.log))

    def _read(self, stderr: IO[bytes]) -> None:
        for line in stderr:
            self.log.append(line.decode())

    def end(self) -> int:
        """Wait for its end; returns its exit code."""
        code = self.program.process.wait(30)
        self._reading.join(30)
        for stream in (self.program.process.stdin, self.program.process.stdout):
            assert stream is not None
            stream.close()
        assert self.program.process.stderr is not None
        self.program.process.stderr.close()
        return code


@contextmanager
def served_api(
    bootstrap_servers: str, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[ServedApi]:
    """Run it for the time of the block; it ends well when it is told to."""
    tokens_file = folder / "tokens"
    tokens_file.touch(mode=0o600)
    tokens_file.write_text(TOKEN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOLATCH_READ_API__PORT", "0")
        patch.setenv("BIOLATCH_READ_API__TOKENS_FILE", str(tokens_file))
        patch.setenv("BIOLATCH_LOG__FORMAT", "json")
        for name, value in (settings or {}).items():
            patch.setenv(name, value)
        program = Program(bootstrap_servers, "read-api")
    with program:
        api = ServedApi(program, tokens_file)
        with api.client:
            yield api
        program.process.send_signal(signal.SIGTERM)
        assert api.end() == 0, "".join(api.log)
