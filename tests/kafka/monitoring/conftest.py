import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.kafka.free_ports import free_port
from deploy.kafka.local import LocalKafka
from tests.journeys.commands import RunningWorker, biolatch, running_worker
from tests.kafka.monitoring.observed import Watched, running_monitor
from tests.kafka.monitoring.prometheus import Prometheus, running_prometheus

PARTITIONS = 2


class ObservedKafka(NamedTuple):
    """A broker with topics and a monitor; workers come and go, at one port."""

    servers: str
    folder: Path
    monitor: Watched
    at: Watched

    @contextmanager
    def worker(self, partitions: int = PARTITIONS, **settings: str) -> Generator[RunningWorker]:
        """A worker, once it serves so many partitions; the one at `at`."""
        with running_worker(
            self.servers,
            self.folder,
            partitions=partitions,
            settings={"BIOLATCH_METRICS__PORT": str(self.at.port), **settings},
        ) as running:
            yield running


@pytest.fixture(scope="module")
def observed_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObservedKafka]:
    """One for all tests of a file: what one leaves in the topics the next one finds."""
    folder = tmp_path_factory.mktemp("observed")
    broker = LocalKafka(folder / "kafka")
    asyncio.run(broker.start())
    servers = broker.bootstrap_servers
    try:
        biolatch(servers, "topics", "apply", "--partitions", str(PARTITIONS))
        # What counts as a transaction that hangs is twice this.
        settings = {"BIOLATCH_LANE__TRANSACTION_TIMEOUT_S": "1"}
        with running_monitor(servers, folder, free_port(), settings) as monitor:
            yield ObservedKafka(servers, folder, monitor, Watched(free_port()))
    finally:
        asyncio.run(broker.stop())


@pytest.fixture(scope="module")
def prometheus(
    observed_kafka: ObservedKafka, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    targets = {"workers": observed_kafka.at.port, "monitor": observed_kafka.monitor.port}
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), targets) as running:
        yield running
