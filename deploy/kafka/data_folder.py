"""What a local broker keeps on disk besides its records: ports, process id, log, locks.

Owns the layout of the data folder. Must never decide anything about a process; it only says where
things lie. What protects it: whoever starts or stops holds `exclusive()`, and the file with the
ports is replaced as a whole, so a crash leaves the old one or the new one.
"""

import fcntl
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from deploy.kafka.broker_process import BrokerProcess
from deploy.kafka.java_log import telling_lines
from deploy.kafka.server_properties import LOOPBACK, Ports
from events.errors import Misconfigured, TransientFailure

DEFAULT: Final = Path(".biolatch") / "kafka"
"""Where `biolatch kafka start` keeps its broker, and where the other commands look for one."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The files of one local broker."""

    path: Path
    """Absolute, so that the broker is recognised from any working directory."""

    @property
    def records(self) -> Path:
        """Kafka's own folder: topics, transactions, metadata."""
        return self.path / "records"

    @property
    def scratch(self) -> Path:
        """For what the Java runtime unpacks; emptied at every start."""
        return self.path / "scratch"

    @property
    def log(self) -> Path:
        """What the broker says; the one of the start before is beside it as `.1`."""
        return self.path / "server.log"

    @property
    def properties(self) -> Path:
        """The broker's configuration, written anew at every start."""
        return self.path / "server.properties"

    @property
    def pid_file(self) -> Path:
        """The id of the last broker's process, which may be long gone."""
        return self.path / "broker.pid"

    @property
    def _ports_file(self) -> Path:
        return self.path / "ports.json"

    @contextmanager
    def exclusive(self) -> Generator[None]:
        """Keep everybody else from starting or stopping here meanwhile.

        Raises:
            TransientFailure: another process is doing so right now.
            Misconfigured: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "operation.lock").open("a")
        except OSError as error:
            raise Misconfigured(
                "kafka.data-not-writable",
                f"{self.path} cannot hold the data of Apache Kafka: {error.strerror}. Name another "
                "folder with --data.",
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TransientFailure(
                    "kafka.folder-busy",
                    f"another command is just starting or stopping the broker in {self.path}; wait "
                    "for it, then ask `biolatch kafka status`.",
                ) from None
            yield

    def ports(self) -> Ports | None:
        """The ports of this folder's broker; None if none was ever started here."""
        try:
            return Ports(**json.loads(self._ports_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise Misconfigured(
                "kafka.data-unreadable",
                f"{self._ports_file} is damaged; delete that file, and the next start chooses "
                "new ports and keeps the data.",
            ) from error

    def keep_ports(self, ports: Ports) -> None:
        """Remember the ports for every later start."""
        fresh = self._ports_file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(ports)) + "\n", encoding="utf-8")
        fresh.replace(self._ports_file)

    def bootstrap_servers(self) -> str | None:
        """Where clients reach this folder's broker when it runs; None if none was ever started."""
        ports = self.ports()
        return f"{LOOPBACK}:{ports.client}" if ports else None

    def broker(self) -> BrokerProcess | None:
        """The broker that runs on this folder, whoever started it."""
        try:
            pid = int(self.pid_file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
        broker = BrokerProcess(pid, self.properties)
        return broker if broker.is_alive() else None

    def failure(self) -> str:
        """What the log tells of a failed start, without stack traces."""
        try:
            return telling_lines(self.log.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return "(there is no log)"
