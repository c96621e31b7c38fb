"""One broker's process: started, recognised and ended; never mistaken for another one.

A process id alone proves nothing, since the system gives it to others later. A broker counts as
alive only while the process of that id has the broker's own configuration file, by its full path,
on its command line. Nothing else is ever signalled.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

import psutil

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_POLL_S: Final = 0.02
_EXEC_POLL_S: Final = 0.002
_EXEC_LOOKS: Final = 100


class Lifetime(StrEnum):
    """What ends a broker that nobody stops."""

    BOUND = "bound"
    """The end of the thread that started it, however that ends (on Linux; elsewhere nothing)."""
    DETACHED = "detached"
    """Nothing: it is a daemon."""


class BrokerProcess:
    """A broker's process, living or gone."""

    def __init__(
        self, pid: int, configuration: Path, child: subprocess.Popen[bytes] | None = None
    ) -> None:
        """Look at the process of this id as the broker that reads this configuration file."""
        self.pid = pid
        self._configuration = str(configuration)
        self._child = child

    @classmethod
    def start(
        cls,
        program: Sequence[str],
        *,
        configuration: Path,
        lifetime: Lifetime,
        folder: Path,
        log: Path,
        pid_file: Path,
        environment: Mapping[str, str],
    ) -> "BrokerProcess":
        """Start the program, which must name the configuration file among its arguments.

        It writes to the log alone and hears nothing of Ctrl-C: whoever started it decides its end.
        """
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), lifetime, str(os.getpid())]
        with log.open("ab") as output:
            child = subprocess.Popen(  # noqa: S603 (our own command line, no shell)
                [*launcher, str(pid_file), *program],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if lifetime is Lifetime.BOUND:
            return cls(child.pid, configuration, child)
        child.wait()
        return cls(int(pid_file.read_text(encoding="ascii")), configuration)

    def is_alive(self) -> bool:
        """Whether the broker runs."""
        if self._child is not None:
            return self._child.poll() is None
        return self._configuration in _command_line(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal the broker, if it is alive."""
        if self.is_alive():
            os.kill(self.pid, number)

    async def is_gone_within(self, wait_s: float) -> bool:
        """Whether it ends before that time is over."""
        deadline = time.monotonic() + wait_s
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_POLL_S)
        return True


def _command_line(pid: int) -> list[str]:
    """The arguments of a process; none if there is no such process or it is not ours to look at."""
    try:
        process = psutil.Process(pid)
        # A process that is just becoming another program shows no arguments for a moment, though
        # it has an executable already. A zombie or a thread of the kernel has neither.
        for _ in range(_EXEC_LOOKS):
            arguments: list[str] = process.cmdline()
            if arguments or not process.exe():
                return arguments
            time.sleep(_EXEC_POLL_S)
    except psutil.Error:  # no such process, a zombie, or somebody else's
        pass
    return []
