"""A console on the shared broker, with a story that somebody can look at."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from agents.console_settings import ConsoleSettings
from deploy.exit_codes import ExitCode
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.serving import RunningConsole
from deploy.web_console.tokens_file import digest_of, written_tokens
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, VERDICTS
from tests.kafka.commands.command_line import Program
from tests.kafka.commands.console.running import User, console_in_a_thread
from tests.kafka.commands.phone import Phone
from tests.kafka.commands.stored import stored_at_least

OPERATOR, VIEWER = "the-operators-token", "the-viewers-token"
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@dataclass(frozen=True)
class Story:
    """What has happened on the shared broker.

    Attributes:
        device: a phone that has seen nearly everything.
        user, login, key: ids that only operators may see.
        broken: the key of a record that could not be decoded.
    """

    device: str
    user: str
    login: str
    key: str
    broken: str


@pytest.fixture(scope="session")
def connection_to_kafka(topics_kafka: LocalKafka) -> Connection:
    """The shared broker."""
    return Connection(bootstrap_servers=topics_kafka.bootstrap_servers)


@pytest.fixture(scope="module")
def story(
    connection_to_kafka: Connection, worker: Program, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """A phone with a history, decided; and a record that nobody can read, put aside."""
    del worker
    folder = tmp_path_factory.mktemp("story")
    phone = Phone("console-phone")
    told = Story(phone.device, "user-of-console", "login-of-console", "key-of-console", "")
    phone.enable(told.user, told.key)
    phone.attempt(told.user, told.key, "matched", told.login)
    for _ in range(5):
        phone.attempt(told.user, told.key, "rejected", told.login)
    phone.attempt(told.user, told.key, "matched", told.login)
    phone.attempt(told.user, "another-key", "matched", "another-login")
    phone.enable("ben", "key-of-ben")
    phone.event("enrollment.revoked", user_id="ben", reason_admin=HOSTILE, allow_re_enable=True)
    servers = connection_to_kafka.bootstrap_servers
    with Program(servers, "publish", phone.written(folder)) as publishing:
        assert publishing.end().code == ExitCode.OK
    broken = Phone("console-broken").device
    asyncio.run(_published_rubbish(servers, broken))
    asyncio.run(stored_at_least(connection_to_kafka, len(phone.lines), VERDICTS, phone.device))
    asyncio.run(stored_at_least(connection_to_kafka, 1, DEAD_LETTERS, broken))
    return Story(told.device, told.user, told.login, told.key, broken)


async def _published_rubbish(servers: str, key: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        headers = [("content-type", HOSTILE.encode()), ("x-secret", b"\xff\x00")]
        await producer.send_and_wait(
            DEVICE_EVENTS, HOSTILE.encode(), key=key.encode(), headers=headers
        )


@pytest.fixture(scope="session")
def tokens_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator and a viewer."""
    file = tmp_path_factory.mktemp("tokens") / "tokens.json"
    file.write_bytes(
        written_tokens(
            {
                digest_of(OPERATOR): Identity("olga", ConsoleRole.OPERATOR),
                digest_of(VIEWER): Identity("vera", ConsoleRole.VIEWER),
            }
        )
    )
    return file


@pytest.fixture(scope="module")
def console(
    connection_to_kafka: Connection, story: Story, tokens_file: Path
) -> Iterator[RunningConsole]:
    """A console that has read everything; it ends with its tests, for it runs in this process."""
    del story
    settings = ConsoleSettings(port=0, tokens_file=tokens_file)
    with console_in_a_thread(settings, connection_to_kafka) as running:
        viewer = User(running.url)
        viewer.log_in(VIEWER)
        while "Reading the last hour" in viewer.page("/") or "counting" in viewer.page("/devices"):
            pass
        yield running


@pytest.fixture
def user(console: RunningConsole) -> Callable[[str], User]:
    """Somebody who has logged in with a token."""

    def logged_in(token: str) -> User:
        somebody = User(console.url)
        assert somebody.log_in(token).status_code == 303
        return somebody

    return logged_in
