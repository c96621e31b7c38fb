"""Child processes that this one starts for as long as it needs them: how they begin and end."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from deploy.kafka import launcher


def bound(program: Sequence[str], pid_file: Path) -> list[str]:
    """The command line of a program that cannot outlive this process (on Linux).

    Args:
        program: path and arguments.
        pid_file: takes its process id.
    """
    own = str(os.getpid())
    isolated = [sys.executable, "-I", "-S", str(launcher.__file__)]
    return [*isolated, "bound", own, str(pid_file), *program]


def ask_to_end(process: asyncio.subprocess.Process) -> None:
    """Send SIGTERM, unless it has ended already."""
    if process.returncode is None:
        # The process object's own way of signalling would reap a child that is just ending,
        # behind the back of the event loop.
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)


async def ended(process: asyncio.subprocess.Process, *, wait_s: float) -> None:
    """Return when it has ended, which it was asked to; if it does not within so long, kill it."""
    try:
        async with asyncio.timeout(wait_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
