"""The command line, run as users do: its own process, its own words."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deploy.kafka import launcher

BIOLATCH = Path(sysconfig.get_path("scripts")) / "biolatch"
COMMAND_WAIT_S = 60
SERVING_WAIT_S = 60
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def environment(bootstrap_servers: str | None) -> dict[str, str]:
    """This process's environment without settings of its own, for one Kafka if any is named."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BIOLATCH_") or name == "BIOLATCH_CACHE"
    }
    address = {"BIOLATCH_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers} if bootstrap_servers else {}
    return kept | address | {"NO_COLOR": "1"}


def biolatch(
    bootstrap_servers: str,
    *arguments: str,
    stdin: str = "",
    exit_code: int = 0,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> str:
    """Run one command to its end and return its standard output."""
    done = subprocess.run(  # noqa: S603 (our own command line, no shell)
        [BIOLATCH, *arguments],
        env=environment(bootstrap_servers) | dict(settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=COMMAND_WAIT_S,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done.stdout


async def biolatch_beside(
    bootstrap_servers: str, *arguments: str, settings: Mapping[str, str] = NO_SETTINGS
) -> str:
    """The same while the test's own clients go on."""
    return await asyncio.to_thread(biolatch, bootstrap_servers, *arguments, settings=settings)


class RunningWorker:
    """`biolatch run`, with its log in sight."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._serving: set[int] = set()
        self._news = threading.Condition()
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def wait_until_serving(self, partitions: int) -> None:
        with self._news:
            assert self._news.wait_for(
                lambda: len(self._serving) >= partitions or self.process.poll() is not None,
                timeout=SERVING_WAIT_S,
            ), self.lines
        assert self.process.poll() is None, self.lines

    def stop(self) -> int:
        """End it in good order and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=COMMAND_WAIT_S)
        self._listening.join()
        return code

    def _listen(self) -> None:
        stderr = self.process.stderr
        assert stderr is not None
        for line in stderr:
            said: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
            with self._news:
                self.lines.append(line)
                if said.get("event") == "lane.serving":
                    self._serving.add(said["partition"])
                self._news.notify_all()
        stderr.close()
        with self._news:
            self._news.notify_all()


@contextmanager
def running_worker(
    bootstrap_servers: str | None,
    folder: Path,
    *,
    partitions: int,
    settings: Mapping[str, str] = NO_SETTINGS,
    program: Path = BIOLATCH,
) -> Generator[RunningWorker]:
    """A worker that serves so many partitions; it ends in good order, and with this process."""
    bound = [sys.executable, "-I", "-S", launcher.__file__, "bound", str(os.getpid())]
    process = subprocess.Popen(  # noqa: S603 (as above)
        [*bound, str(folder / "worker.pid"), str(program), "run"],
        env=environment(bootstrap_servers) | {"BIOLATCH_LOG__FORMAT": "json", **settings},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    worker = RunningWorker(process)
    try:
        worker.wait_until_serving(partitions)
        yield worker
    finally:
        code = worker.stop()
    assert code == 0, worker.lines
