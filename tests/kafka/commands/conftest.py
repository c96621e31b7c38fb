"""What tests of the commands share: topics, a real worker, and the command line itself."""

import asyncio
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest
import structlog

from deploy.cli import run
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.topic_setup import Wishes, apply
from schemas.topics import topology
from tests.kafka.commands.command_line import Program, Ran

_WORKER_END_S = 30.0


@pytest.fixture(scope="session")
def topics_kafka(kafka: LocalKafka) -> LocalKafka:
    """The shared broker, with the topics of biolatch."""

    async def make() -> None:
        async with KafkaAdmin(kafka.bootstrap_servers) as admin:
            await apply(admin, topology(), Wishes())

    asyncio.run(make())
    return kafka


@pytest.fixture(scope="session")
def worker(topics_kafka: LocalKafka) -> Iterator[Program]:
    """A real worker; it shares the work with whatever other worker runs on the shared broker."""
    with Program(topics_kafka.bootstrap_servers, "run", stderr=subprocess.DEVNULL) as program:
        yield program
        program.process.send_signal(signal.SIGTERM)
        assert program.end(within_s=_WORKER_END_S).code == 0


@pytest.fixture
def connection(topics_kafka: LocalKafka) -> Connection:
    """The shared broker."""
    return Connection(bootstrap_servers=topics_kafka.bootstrap_servers)


@pytest.fixture
def biolatch(
    topics_kafka: LocalKafka, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ran]]:
    """Runs a command line in this process, against the shared broker."""
    monkeypatch.setenv("BIOLATCH_KAFKA__BOOTSTRAP_SERVERS", topics_kafka.bootstrap_servers)
    monkeypatch.setenv("COLUMNS", "80")

    def run_here(*arguments: str) -> Ran:
        code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run_here
    structlog.reset_defaults()
