"""What every test may ask for: a real Apache Kafka of the test run's own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from deploy.kafka.local import LocalKafka
from tests.simulation.report import PROPERTY, summary

# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # `-m "not kafka"` leaves out whatever needs a broker, without a mark on each test.
    for item in items:
        if {"kafka", "fresh_kafka", "secured_kafka"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.kafka)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the simulated runs have gone through; they may have run in other processes."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    runs = [
        dict(value) for each in reports for name, value in each.user_properties if name == PROPERTY
    ]
    if runs:
        terminalreporter.section("simulation")
        for line in summary(runs):
            terminalreporter.line(line)


@pytest.fixture(autouse=True)
def log_is_nobody_s() -> Iterator[None]:
    """A command run in this process points the log at streams that end with its test."""
    root = logging.getLogger()
    handlers = list(root.handlers)
    yield
    root.handlers[:] = [each for each in root.handlers if each in handlers]
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """One broker for the whole run; it dies with the run, however that ends.

    It is shared: use topics of your own. A test that stops or kills a broker takes `fresh_kafka`.
    """
    broker = LocalKafka(tmp_path_factory.mktemp("kafka"))
    asyncio.run(broker.start())
    yield broker
    asyncio.run(broker.stop())


@pytest.fixture
async def fresh_kafka(tmp_path: Path) -> AsyncIterator[LocalKafka]:
    """A broker of the test's own, empty, to be stopped, killed or filled at will."""
    async with LocalKafka(tmp_path / "kafka") as broker:
        yield broker
