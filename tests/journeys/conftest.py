import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from schemas.topics import topology
from tests.journeys.commands import biolatch, running_worker
from tests.journeys.journey import BrokersTime, Clients, Journey, MovedTime, clients_of

MOVED_TIME_PARTITIONS = 3


@pytest.fixture(scope="session")
def served_kafka(kafka: LocalKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The run's broker, with topics and a worker; where it is.

    One partition is waited for: where another test's worker runs on that broker, they share them.
    """
    servers = kafka.bootstrap_servers
    biolatch(servers, "topics", "apply", "--json")
    folder = tmp_path_factory.mktemp("worker")
    with running_worker(servers, folder, partitions=1):
        yield servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(served_kafka: str) -> AsyncIterator[Clients]:
    async with clients_of(served_kafka) as connected:
        yield connected


@pytest.fixture
def journey(clients: Clients) -> Journey:
    """A journey in the broker's time."""
    return Journey(*clients, clock=BrokersTime())


@pytest.fixture(scope="session")
def moved_time_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another broker, whose publishers choose the time of their records; with one worker."""
    folder = tmp_path_factory.mktemp("moved-time")
    broker = LocalKafka(folder / "kafka")
    asyncio.run(broker.start())
    servers = broker.bootstrap_servers
    asyncio.run(create_input_of_any_time(servers))
    # The input differs from what it should be, and that is said; the rest is made.
    biolatch(servers, "topics", "apply", exit_code=5)
    with running_worker(servers, folder, partitions=MOVED_TIME_PARTITIONS):
        yield servers
    asyncio.run(broker.stop())


async def create_input_of_any_time(servers: str) -> None:
    """The input topic as nobody should have it: publishers choose the time of their records."""
    async with KafkaAdmin(servers) as admin:
        await admin.create(
            topology().device_events.name,
            partitions=MOVED_TIME_PARTITIONS,
            replication=1,
            settings={
                "message.timestamp.type": "CreateTime",
                "message.timestamp.after.max.ms": str(2**63 - 1),
                "retention.ms": "-1",
            },
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def moved_time_clients(moved_time_kafka: str) -> AsyncIterator[Clients]:
    async with clients_of(moved_time_kafka) as connected:
        yield connected


@pytest.fixture
def moved_time() -> MovedTime:
    return MovedTime()


@pytest.fixture
def moved_journey(moved_time_clients: Clients, moved_time: MovedTime) -> Journey:
    """A journey in the time of the test."""
    return Journey(*moved_time_clients, clock=moved_time)
