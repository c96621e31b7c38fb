from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from tests.signals.decider import Decider, decider_on
from tests.signals.receiver import Receiver, listening
from tests.signals.transmitter import Installation, prepare


@pytest.fixture(scope="session")
def topics(kafka: LocalKafka) -> str:
    """The run's broker, with topics; where it is."""
    prepare(kafka.bootstrap_servers, "biolatch")
    return kafka.bootstrap_servers


@pytest.fixture
async def decider(topics: str) -> AsyncIterator[Decider]:
    async with decider_on(topics) as deciding:
        yield deciding


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening(Receiver()) as endpoint:
        yield endpoint


@pytest.fixture
def installation(topics: str, tmp_path: Path, receiver: Receiver) -> Installation:
    """Of a transmitter that may push to the test's receiver."""
    return Installation(
        topics, tmp_path, {"BIOLATCH_SIGNALS__PUSH_ORIGINS": f'["{receiver.origin}"]'}
    )
