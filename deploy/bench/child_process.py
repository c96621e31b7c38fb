"""The programs that the benchmark measures or needs, each a child process of its own.

They hear nothing of Ctrl-C, so that the benchmark decides their end, and cannot outlive it (on
Linux; elsewhere the benchmark has to end them, which it does). They speak in lines of JSON.
"""

import asyncio
import os
import sys
import sysconfig
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psutil

from deploy.child_processes import ask_to_end, bound, ended
from events.errors import InvariantBroken, TransientFailure

_END_WAIT_S: Final = 20.0
_LOG_LINES_SHOWN: Final = 12


class Usage(NamedTuple):
    """What a process and those that it has started have taken.

    Attributes:
        cpu_s: seconds of processor time so far, in user and in system mode.
        resident_bytes: memory that they have now.
    """

    cpu_s: float
    resident_bytes: int


def usage_of(pid: int) -> Usage:
    """What a process and those that it has started have taken.

    Raises:
        InvariantBroken: one of them has ended.
    """
    try:
        process = psutil.Process(pid)
        family = [_own_usage(each) for each in (process, *process.children(recursive=True))]
    except psutil.Error as error:
        raise InvariantBroken("bench.process-gone", f"process {pid} ended too early") from error
    return Usage(sum(each.cpu_s for each in family), sum(each.resident_bytes for each in family))


def _own_usage(process: psutil.Process) -> Usage:
    times: Any = process.cpu_times()
    memory: Any = process.memory_info()
    return Usage(times.user + times.system, memory.rss)


class Child:
    """A running child; `child` starts one."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        """Look after this process."""
        self.name: Final = name
        self._process: Final = process
        self._log: Final = log

    @property
    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES_SHOWN:])

    def usage(self) -> Usage:
        """What it has taken."""
        return usage_of(self._process.pid)

    def check_alive(self) -> None:
        """Do nothing, as long as it runs.

        Raises:
            InvariantBroken: it has ended.
        """
        if self._process.returncode is not None:
            raise self._ended()

    async def hear(self, wait_s: float) -> Any:  # noqa: ANN401 (whatever it says)
        """The next thing that it says.

        Raises:
            InvariantBroken: it has ended.
            TransientFailure: it said nothing for so long.
        """
        stdout = self._process.stdout
        try:
            async with asyncio.timeout(wait_s):
                line = await stdout.readline() if stdout is not None else b""
                if not line:
                    await self._process.wait()
                    raise self._ended()
        except TimeoutError:
            raise self._silent(wait_s) from None
        return msgspec.json.decode(line)

    def tell(self, what: object) -> None:
        """Say something to it."""
        if self._process.stdin is not None:
            self._process.stdin.write(msgspec.json.encode(what) + b"\n")

    async def until_done(self, wait_s: float) -> None:
        """Return when it has ended by itself, and well.

        Raises:
            InvariantBroken: it failed.
            TransientFailure: it goes on for longer.
        """
        try:
            async with asyncio.timeout(wait_s):
                code = await self._process.wait()
        except TimeoutError:
            raise self._silent(wait_s) from None
        if code != 0:
            raise self._ended()

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()

    async def end(self) -> None:
        """Let it end in good order; if it does not, kill it."""
        ask_to_end(self._process)
        await ended(self._process, wait_s=_END_WAIT_S)

    def _ended(self) -> InvariantBroken:
        return InvariantBroken(
            "bench.child-ended",
            f"{self.name} ended with code {self._process.returncode}; its last words:\n"
            f"{self.last_words}",
        )

    def _silent(self, wait_s: float) -> TransientFailure:
        return TransientFailure(
            "bench.child-silent",
            f"{self.name} said nothing for {wait_s:.0f} s; its last words:\n{self.last_words}",
        )


@asynccontextmanager
async def child(
    name: str,
    program: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> AsyncGenerator[Child]:
    """Run a program as long as the block runs, in the folder, which takes its log.

    Args:
        name: for people, and for its files.
        program: path and arguments.
        folder: where it runs.
        environment: variables, added to this process's.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *bound(program, folder / f"{name}.pid"),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    running = Child(name, process, log)
    try:
        yield running
    finally:
        await running.end()


def python_module(module: str, *arguments: str) -> list[str]:
    """The command line that runs one of our modules."""
    return [sys.executable, "-P", "-m", module, *arguments]


def biolatch(*arguments: str) -> list[str]:
    """The command line that runs biolatch itself."""
    return [str(Path(sysconfig.get_path("scripts")) / "biolatch"), *arguments]
