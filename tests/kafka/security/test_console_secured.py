# Goal: the console has all the rights that it needs, as its own user, and needs no others.
import time

from agents.console_settings import ConsoleSettings
from schemas.rights import Role
from tests.kafka.commands.console.running import User, console_in_a_thread
from tests.kafka.security.secured_kafka import USERS, SecuredKafka

_WAIT_S_MAX = 60.0


def test_every_page_is_there_with_the_console_s_own_rights(secured_kafka: SecuredKafka) -> None:
    connection = secured_kafka.connection(secured_kafka.by_password(USERS[Role.CONSOLE]))
    with console_in_a_thread(ConsoleSettings(port=0), connection) as running:
        user = User(running.url)
        user.log_in(running.made_up_token or "")
        views = running.views
        deadline = time.monotonic() + _WAIT_S_MAX
        while not all(view.health.is_loaded for view in (views.outputs, views.states, views.group)):
            assert time.monotonic() < deadline, [each.trouble for each in views.troubles()]
            time.sleep(0.1)
        for path in ("/", "/feed", "/dead-letters", "/topics"):
            assert "Not up to date" not in user.page(path)
        assert "Nothing is known of this device" in user.device("nobody-s-phone")
