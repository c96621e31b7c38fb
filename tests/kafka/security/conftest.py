"""What tests of the secured Kafka share: the broker, and commands run as somebody."""

import asyncio
from collections.abc import Callable, Iterator, Mapping

import pytest
import structlog

from deploy.cli import run
from tests.kafka.commands.command_line import Ran
from tests.kafka.security.probes import wait_for_coordinators
from tests.kafka.security.secured_kafka import SUPER_USER, SecuredKafka

PARTITIONS = 2

As = Callable[..., Ran]


@pytest.fixture(scope="session")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One broker for the run, with topics and rights as `topics apply --acls` makes them."""
    kafka = SecuredKafka(tmp_path_factory.mktemp("secured"))
    asyncio.run(kafka.start())
    with pytest.MonkeyPatch.context() as patch:
        for name, value in kafka.by_password(SUPER_USER).items():
            patch.setenv(name, value)
        assert run(("topics", "apply", "--partitions", str(PARTITIONS), "--acls")) == 0
    structlog.reset_defaults()
    asyncio.run(wait_for_coordinators(kafka.broker.bootstrap_servers))
    yield kafka
    asyncio.run(kafka.broker.stop())


@pytest.fixture
def biolatch_as(capsys: pytest.CaptureFixture[str]) -> Iterator[As]:
    """Runs a command line in this process, with these settings."""

    def run_here(settings: Mapping[str, str], *arguments: str) -> Ran:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", "80")
            for name, value in settings.items():
                patch.setenv(name, value)
            code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    yield run_here
    structlog.reset_defaults()
