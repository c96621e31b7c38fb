"""What tests of the client share: topics on the shared broker, and a worker."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator

import pytest

from biolatch_client import KafkaConnection
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.topic_setup import Wishes, apply
from schemas.topics import topology
from tests.client.postgres import running_postgres
from tests.kafka.commands.command_line import Program


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


@pytest.fixture(scope="module")
def served(topics_kafka: LocalKafka, connection: KafkaConnection) -> Iterator[KafkaConnection]:
    """The shared broker, with a worker of biolatch; it is gone when the module is.

    Nobody waits for it: where another worker runs on that broker, they share the partitions.
    """
    with Program(topics_kafka.bootstrap_servers, "run", stderr=subprocess.DEVNULL) as program:
        yield connection
        program.process.send_signal(signal.SIGTERM)
        assert program.end(within_s=30.0).code == 0


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL; its address."""
    with running_postgres() as address:
        yield address
