"""Becomes another program, which then either dies with its parent or outlives everything.

A script of the standard library alone, run by `deploy.kafka.broker_process` as
`launcher.py LIFETIME PARENT PID_FILE PROGRAM ARGUMENT...`. The broker's process id is on disk
before the broker exists, so no crash of the starter can leave a broker that nobody knows of.

Why a process of its own: the kernel's "kill me with my parent" must be asked for by the child
itself, and running Python code between fork and exec of a threaded program is not safe.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process, whatever it becomes, when the parent is gone.

    Only Linux can; elsewhere the parent's own clean-up has to do.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # gone before the request
        sys.exit("the parent ended while its broker was starting")


def leave_parent() -> None:
    """Go on as a daemon: no parent, no terminal. The process that was started ends with success.

    It ends only when the daemon has become its program, so that the starter then finds the
    daemon's id written down.
    """
    became, becoming = os.pipe()  # closed by a successful exec: not inheritable
    if os.fork():
        os.close(becoming)
        os.read(became, 1)
        os._exit(0)
    os.setsid()


def main(lifetime: str, parent: str, pid_file: str, *program: str) -> None:
    """Write the process id down and become the program."""
    match lifetime:
        case "bound":
            die_with(int(parent))
        case "detached":
            leave_parent()
        case _:
            sys.exit(f"no such lifetime: {lifetime}")
    fresh = Path(f"{pid_file}.new")
    fresh.write_text(f"{os.getpid()}\n", encoding="ascii")
    fresh.replace(pid_file)
    os.execv(program[0], program)  # noqa: S606 (a shell has no place here)


if __name__ == "__main__":
    main(*sys.argv[1:])
