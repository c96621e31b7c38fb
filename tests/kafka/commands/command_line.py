"""The command line as its users have it: in this process, or as a program of its own."""

import os
import signal
import subprocess
import sys
from typing import NamedTuple, Self

_PROGRAM = (sys.executable, "-c", "from deploy.cli import main; main()")


class Ran(NamedTuple):
    """What a command line gave."""

    code: int
    out: str
    err: str


class Program:
    """A command line running as a process."""

    def __init__(
        self, bootstrap_servers: str, *arguments: str, stderr: int = subprocess.PIPE
    ) -> None:
        environment = {
            "BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
            "COLUMNS": "80",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = subprocess.Popen(  # noqa: S603 (this very Python)
            [*_PROGRAM, *arguments],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )

    def write(self, text: str) -> None:
        """Give it something to read."""
        assert self.process.stdin is not None
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def next_line(self) -> str:
        """The next line of its standard output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode()

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def end(self, *, within_s: float = 60.0) -> Ran:
        """Wait for its end; there is nothing more for it to read."""
        out, err = self.process.communicate(timeout=within_s)
        return Ran(self.process.returncode, out.decode(), (err or b"").decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
