"""One local Apache Kafka: started, found again, stopped, killed.

Owns the life of a broker on a data folder. It is real Apache Kafka in one process, and keeps its
ports and its data over restarts, also over `kill -9`. Two folders are two clusters, and any number
of them run side by side. What protects it: only the holder of the folder's lock starts or stops.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.broker_process import BrokerProcess, Lifetime
from deploy.kafka.cluster_id import cluster_id_in, new_cluster_id
from deploy.kafka.data_folder import DataFolder
from deploy.kafka.free_ports import free_port, is_free
from deploy.kafka.jars import FetchProgress, jar_folder, locked_jars, untold, verified_jars
from deploy.kafka.java_command import broker_command, format_command, java
from deploy.kafka.java_log import telling_lines
from deploy.kafka.server_properties import LOOPBACK, NODE_ID, Ports, local_properties, rendered
from events.errors import InvariantBroken, Misconfigured, TransientFailure

_READY_WAIT_S: Final = 60.0
_READY_POLL_S: Final = 0.05
_PROBE_TIMEOUT_S: Final = 2.0
_STOP_WAIT_S: Final = 30.0
_KILL_WAIT_S: Final = 10.0
_FORMAT_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOptions:
    """What may differ between local brokers.

    Attributes:
        port: where clients connect; None keeps the folder's port, or chooses a free one.
        heap_mib: most memory for Java objects, in MiB, 128 or more; the process takes about 100 MiB
            beside it.
        properties: broker settings by name, added to ours or in their place.
        java_options: options of the Java runtime, after ours.
        environment: variables of the broker's process, added to this one's.
        node_id: its number among the brokers of its cluster.
        cluster_id: of the cluster that it belongs to; None makes one for a new folder.
        ready_wait_s: how long a start may take.
    """

    port: int | None = None
    heap_mib: int = 512
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    java_options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    node_id: int = NODE_ID
    cluster_id: str | None = None
    ready_wait_s: float = _READY_WAIT_S


class LocalKafka:
    """A broker on a data folder; as an asynchronous context manager it runs inside the block.

    Not tied to an event loop: its methods may be awaited in different ones, one after another. A
    BOUND broker must be started from a thread that outlives it, usually the main thread.
    """

    def __init__(
        self,
        data: Path,
        *,
        options: BrokerOptions | None = None,
        lifetime: Lifetime = Lifetime.BOUND,
        on_fetch: FetchProgress = untold,
    ) -> None:
        """Describe the broker of this folder; nothing happens before `start`."""
        self.folder = DataFolder(data.absolute())
        self._options = options or BrokerOptions()
        self._lifetime = lifetime
        self._on_fetch = on_fetch
        self._started: BrokerProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect; the same as long as the folder exists."""
        if (address := self.folder.bootstrap_servers()) is None:
            raise InvariantBroken("kafka.never-started", "a broker has no address before its start")
        return address

    @property
    def process(self) -> BrokerProcess | None:
        """The running broker, whoever started it; None while none runs."""
        # The own child is asked first: only its parent learns of its end at once.
        if self._started is not None and self._started.is_alive():
            return self._started
        return self.folder.broker()

    async def start(self) -> bool:
        """Run the broker and return when it serves clients; False if it ran already.

        Raises:
            Misconfigured: there is no Java runtime, a port is taken, a jar was changed, or the
                broker itself gave up; the message then ends with what its log says.
            TransientFailure: not ready in time, or another process is starting or stopping it.
        """
        with self.folder.exclusive():
            if (running := self.process) is not None:
                self._refuse_other_port()
                await self._until_ready(running)
                return False
            java()  # before anything is fetched for it
            jars = await asyncio.to_thread(
                verified_jars, locked_jars(), jar_folder(), self._on_fetch
            )
            ports = self._claimed_ports()
            self.folder.keep_ports(ports)
            await asyncio.to_thread(self._prepare, jars, ports)
            started = BrokerProcess.start(
                broker_command(
                    jars,
                    self.folder.properties,
                    heap_mib=self._options.heap_mib,
                    scratch=self.folder.scratch,
                    java_options=self._options.java_options,
                ),
                configuration=self.folder.properties,
                lifetime=self._lifetime,
                folder=self.folder.path,
                log=self.folder.log,
                pid_file=self.folder.pid_file,
                environment={**os.environ, **self._options.environment},
            )
            try:
                await self._until_ready(started)
            except BaseException:  # a cancelled start leaves no broker behind either
                started.send(signal.SIGKILL)
                await started.is_gone_within(_KILL_WAIT_S)
                raise
            self._started = started
            return True

    async def stop(self) -> bool:
        """End the broker in good order; False if none ran."""
        with self.folder.exclusive():
            if (running := self.process) is None:
                return False
            running.send(signal.SIGTERM)
            if not await running.is_gone_within(_STOP_WAIT_S):
                await self._kill(running)
            return True

    async def kill(self) -> bool:
        """End the broker as a crash would, with SIGKILL; False if none ran."""
        with self.folder.exclusive():
            if (running := self.process) is None:
                return False
            await self._kill(running)
            return True

    async def restart(self) -> None:
        """Stop in good order, then start on the same ports and data."""
        await self.stop()
        await self.start()

    async def answers(self) -> bool:
        """Whether this folder's broker, and no other, serves clients at its address now."""
        try:
            async with KafkaAdmin(
                self.bootstrap_servers, request_timeout_s=_PROBE_TIMEOUT_S
            ) as admin:
                cluster = await admin.cluster()
        except TransientFailure:
            return False
        return self._options.node_id in cluster.brokers and cluster.cluster_id == cluster_id_in(
            self.folder.records
        )

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    def _refuse_other_port(self) -> None:
        kept, wanted = self.folder.ports(), self._options.port
        if kept is not None and wanted is not None and wanted != kept.client:
            raise Misconfigured(
                "kafka.runs-elsewhere",
                f"the broker in {self.folder.path} already runs, at port {kept.client}. Stop it "
                f"with `biolatch kafka stop` first to have it at port {wanted}.",
            )

    def _claimed_ports(self) -> Ports:
        kept = self.folder.ports()
        client = self._options.port or (kept.client if kept else free_port())
        if not is_free(client):
            raise Misconfigured(
                "kafka.port-taken",
                f"port {client} on {LOOPBACK} is taken by another program. End that program, or "
                "choose another port with --port.",
            )
        # Nobody but the broker itself knows its controller's port, so a new one does no harm.
        controller = kept.controller if kept else free_port()
        while controller == client or not is_free(controller):
            controller = free_port()
        return Ports(client=client, controller=controller)

    def _prepare(self, jars: tuple[Path, ...], ports: Ports) -> None:
        """Everything on disk that the broker finds at its start."""
        folder = self.folder
        shutil.rmtree(folder.scratch, ignore_errors=True)
        folder.scratch.mkdir()
        if folder.log.exists():
            folder.log.replace(f"{folder.log}.1")
        properties = local_properties(ports, log_folder=folder.records.name)
        folder.properties.write_text(
            rendered(properties | dict(self._options.properties)), encoding="ascii"
        )
        if cluster_id_in(self.folder.records) is None:
            self._format(jars)

    def _format(self, jars: tuple[Path, ...]) -> None:
        cluster_id = self._options.cluster_id or new_cluster_id()
        formatted = subprocess.run(  # noqa: S603 (our own command line, no shell)
            format_command(jars, self.folder.properties, cluster_id=cluster_id),
            cwd=self.folder.path,
            capture_output=True,
            check=False,
            timeout=_FORMAT_WAIT_S,
        )
        if formatted.returncode != 0:
            raise Misconfigured(
                "kafka.format-failed",
                f"{self.folder.records} could not be prepared for Apache Kafka. It says:\n"
                f"{telling_lines(formatted.stderr.decode(errors='replace'))}",
            )

    async def _until_ready(self, broker: BrokerProcess) -> None:
        wait_s = self._options.ready_wait_s
        deadline = time.monotonic() + wait_s
        while not await self.answers():
            if not broker.is_alive():
                raise Misconfigured(
                    "kafka.start-failed",
                    f"Apache Kafka ended while it was starting. {self.folder.log} says:\n"
                    f"{self.folder.failure()}",
                )
            if time.monotonic() > deadline:
                raise TransientFailure(
                    "kafka.not-ready",
                    f"Apache Kafka was not ready after {wait_s:.0f} s and was ended again. "
                    f"{self.folder.log} says:\n{self.folder.failure()}",
                )
            await asyncio.sleep(_READY_POLL_S)

    async def _kill(self, broker: BrokerProcess) -> None:
        broker.send(signal.SIGKILL)
        if not await broker.is_gone_within(_KILL_WAIT_S):
            raise TransientFailure(
                "kafka.not-gone", f"process {broker.pid} did not end after SIGKILL; look at it"
            )
