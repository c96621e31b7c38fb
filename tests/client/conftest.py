"""What tests of the client share: topics on the shared broker, and a worker."""

import asyncio
from collections.abc import Iterator

import pytest

from biolatch_client import KafkaConnection
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from schemas.topics import topology
from tests.client.postgres import running_postgres
from tests.journeys.commands import running_worker


@pytest.fixture(scope="session")
def topics_kafka(kafka: LocalKafka) -> LocalKafka:
    """The shared broker, with the topics of biolatch."""

    async def make() -> None:
        async with KafkaAdmin(kafka.bootstrap_servers) as admin:
            await apply(admin, topology(), Wishes())

    asyncio.run(make())
    return kafka


@pytest.fixture(scope="session")
def connection(topics_kafka: LocalKafka) -> KafkaConnection:
    return KafkaConnection(bootstrap_servers=topics_kafka.bootstrap_servers)


@pytest.fixture(scope="session")
def served(
    topics_kafka: LocalKafka, connection: KafkaConnection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KafkaConnection]:
    """The shared broker, with a worker of biolatch."""
    folder = tmp_path_factory.mktemp("client-worker")
    with running_worker(topics_kafka.bootstrap_servers, folder, partitions=4):
        yield connection


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL; its address."""
    with running_postgres() as address:
        yield address
