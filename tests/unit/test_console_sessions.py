# Goal: a login lasts as long as it may and no longer, and guessing tokens is slow.
from agents.console_settings import ConsoleSettings
from deploy.web_console.access import ways_in
from deploy.web_console.current_tokens import CurrentTokens
from deploy.web_console.identity import ConsoleRole, Identity
from deploy.web_console.login_limit import LoginLimit
from deploy.web_console.sessions import Sessions
from deploy.web_console.tokens_file import digest_of

VIC = Identity("vic", ConsoleRole.VIEWER)


class Clock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def sessions_of(clock: Clock) -> Sessions:
    tokens = CurrentTokens(None, {digest_of("one"): VIC})
    return Sessions(tokens, idle_s_max=100, age_s_max=250, clock=clock)


def test_a_session_ends_when_it_is_idle() -> None:
    clock = Clock()
    sessions = sessions_of(clock)
    begun = sessions.log_in("one")
    assert begun is not None
    clock.now_s += 100
    assert sessions.find(begun[0]) is begun[1]
    clock.now_s += 101
    assert sessions.find(begun[0]) is None
    clock.now_s -= 100
    assert sessions.find(begun[0]) is None


def test_a_session_ends_when_it_is_old_however_much_it_is_used() -> None:
    clock = Clock()
    sessions = sessions_of(clock)
    begun = sessions.log_in("one")
    assert begun is not None
    for _ in range(5):
        clock.now_s += 50
        assert sessions.find(begun[0]) is not None
    clock.now_s += 1
    assert sessions.find(begun[0]) is None


def test_a_stream_sees_that_its_user_has_logged_out() -> None:
    sessions = sessions_of(Clock())
    begun = sessions.log_in("one")
    assert begun is not None
    assert sessions.lasts(begun[1])
    sessions.log_out(begun[0])
    assert not sessions.lasts(begun[1])


def test_every_login_is_a_session_of_its_own_and_their_number_has_a_bound() -> None:
    clock = Clock()
    sessions = sessions_of(clock)
    ids = []
    for _ in range(1001):
        clock.now_s += 0.01
        begun = sessions.log_in("one")
        assert begun is not None
        ids.append(begun[0])
    assert len(set(ids)) == 1001
    assert sessions.find(ids[0]) is None
    assert sessions.find(ids[1]) is not None
    assert sessions.log_in("two") is None


def test_five_failures_in_a_minute_are_enough_for_one_address() -> None:
    clock = Clock()
    limit = LoginLimit(clock)
    for _ in range(5):
        assert limit.wait_s("a") == 0
        limit.count_failure("a")
    assert limit.wait_s("a") == 60
    assert limit.wait_s("b") == 0
    clock.now_s += 59
    assert limit.wait_s("a") == 1
    clock.now_s += 1
    assert limit.wait_s("a") == 0


def test_who_has_many_addresses_is_slowed_down_too() -> None:
    clock = Clock()
    limit = LoginLimit(clock)
    for number in range(60):
        limit.count_failure(str(number))
    assert limit.wait_s("another") == 60
    clock.now_s += 60
    assert limit.wait_s("another") == 0


def test_the_names_of_the_console_are_the_loopback_s_and_those_that_are_set() -> None:
    settings = ConsoleSettings(host="::1", allowed_hosts="console.bank.example, OPS")
    assert ways_in(settings).access.host_names == {
        "127.0.0.1",
        "localhost",
        "[::1]",
        "console.bank.example",
        "ops",
    }
