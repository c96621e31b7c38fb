"""Several local brokers that are one cluster: replicas, a controller quorum, a leader to lose.

Owns which settings make brokers of `deploy.kafka.local` one cluster. Each is broker and controller,
a process of its own on a folder of its own, and keeps its ports, so that one of them may be
stopped, started again or killed while the others go on. Must never be mistaken for production: all
of them share one machine, and so does whatever ends it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.kafka.cluster_id import cluster_id_in, new_cluster_id
from deploy.kafka.data_folder import DataFolder
from deploy.kafka.free_ports import free_port
from deploy.kafka.local import BrokerOptions, LocalKafka
from deploy.kafka.server_properties import LOOPBACK, Ports
from schemas.sizing import PRODUCTION
from schemas.topics import insync_replicas_min

_READY_WAIT_S: Final = 180.0
"""None is ready before the quorum is, so each waits for all of them to start."""
_HEAP_MIB: Final = 384


class LocalCluster:
    """Brokers numbered from 1; as an asynchronous context manager they run inside the block.

    Attributes:
        brokers: the brokers, to be stopped, started and killed one by one.
    """

    def __init__(
        self, data: Path, *, size: int = 3, properties: Mapping[str, str] | None = None
    ) -> None:
        """Describe the cluster of this folder; nothing happens before `start`.

        Args:
            data: holds a folder for each broker.
            size: how many brokers.
            properties: settings of every broker by name, added to ours or in their place.
        """
        folders = [data.absolute() / f"broker-{number}" for number in range(1, size + 1)]
        ports = _kept_or_new_ports(folders)
        cluster_id = cluster_id_in(DataFolder(folders[0]).records) or new_cluster_id()
        self.brokers = tuple(
            LocalKafka(
                folder,
                options=BrokerOptions(
                    node_id=number,
                    cluster_id=cluster_id,
                    heap_mib=_HEAP_MIB,
                    ready_wait_s=_READY_WAIT_S,
                    properties={**member_properties(number, ports), **(properties or {})},
                ),
            )
            for number, folder in enumerate(folders, start=1)
        )

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect first: any of the brokers."""
        return ",".join(broker.bootstrap_servers for broker in self.brokers)

    async def start(self) -> None:
        """Run all brokers and return when each serves clients; errors as of `LocalKafka.start`."""
        starts = [asyncio.ensure_future(broker.start()) for broker in self.brokers]
        try:
            await asyncio.gather(*starts)
        except BaseException:
            for start in starts:
                start.cancel()
            await asyncio.gather(*starts, return_exceptions=True)
            await self.kill()
            raise

    async def kill(self) -> None:
        """End all brokers at once: without a quorum an orderly stop of the last ones never ends."""
        await asyncio.gather(*(broker.kill() for broker in self.brokers))

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
        """End all of them."""
        await self.kill()


def member_properties(number: int, ports: Sequence[Ports]) -> dict[str, str]:
    """What makes a local broker a member of a cluster, in place of what makes it one by itself.

    Args:
        number: the broker's, from 1.
        ports: of all brokers, in their order.
    """
    own = ports[number - 1]
    replication = min(PRODUCTION.replication, len(ports))
    replicas, in_sync = str(replication), str(insync_replicas_min(replication))
    return {
        "node.id": str(number),
        "controller.quorum.voters": ",".join(
            f"{voter}@{LOOPBACK}:{each.controller}" for voter, each in enumerate(ports, start=1)
        ),
        "listeners": (f"CLIENT://{LOOPBACK}:{own.client},CONTROLLER://{LOOPBACK}:{own.controller}"),
        "advertised.listeners": f"CLIENT://{LOOPBACK}:{own.client}",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        # Kafka's own topics survive a broker, too, and each broker coordinates some of them.
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": str(len(ports)),
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": str(2 * len(ports)),
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
    }


def _kept_or_new_ports(folders: Sequence[Path]) -> list[Ports]:
    """The ports of each broker, written down before any of them starts: all have to know all."""
    chosen: list[Ports] = []
    for path in folders:
        folder = DataFolder(path)
        if (kept := folder.ports()) is None:
            kept = Ports(client=free_port(), controller=free_port())
            path.mkdir(parents=True, exist_ok=True)
            folder.keep_ports(kept)
        chosen.append(kept)
    return chosen
