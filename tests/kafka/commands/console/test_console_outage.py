# Goal: while Kafka is away the console says so on every page, and it recovers by itself.
import time
from collections.abc import Callable

import pytest

from agents.console_settings import ConsoleSettings
from deploy.kafka.admin import KafkaAdmin
from deploy.kafka.local import LocalKafka
from deploy.records.connection import Connection
from deploy.topic_setup import Wishes, apply
from schemas.topics import topology
from tests.kafka.commands.console.running import User, console_in_a_thread

pytestmark = [pytest.mark.drill, pytest.mark.timeout(400)]
_WAIT_S_MAX = 180.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_S_MAX
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


async def test_an_outage_is_shown_and_ends(fresh_kafka: LocalKafka) -> None:
    connection = Connection(bootstrap_servers=fresh_kafka.bootstrap_servers)
    with console_in_a_thread(ConsoleSettings(port=0), connection) as running:
        user = User(running.url)
        user.log_in(running.made_up_token or "")
        # Without topics it says what makes them.
        until(lambda: "biolatch topics apply" in user.page("/"))
        async with KafkaAdmin(fresh_kafka.bootstrap_servers) as admin:
            await apply(admin, topology(), Wishes())
        until(lambda: "Not up to date" not in user.page("/"))
        assert "No decision in the last hour" in user.page("/")
        assert "No dead letters" in user.page("/dead-letters")
        assert "No worker is in the group" in user.page("/topics")
        await fresh_kafka.stop()
        until(lambda: "Not up to date: the lag." in user.page("/"))
        answer = user.http.get("/topics")
        assert answer.status_code == 503
        assert "no Apache Kafka answers" in answer.text
        await fresh_kafka.start()
        until(lambda: "Not up to date" not in user.page("/"))
        assert user.http.get("/topics").status_code == 200
