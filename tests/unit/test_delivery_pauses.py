"""Pauses between tries, and the circuit breaker."""

import random

from hypothesis import given
from hypothesis import strategies as st

from agents.delivery.backoff import Backoff
from agents.delivery.breaker import Breaker, BreakerState


class Highest(random.Random):
    """Draws no jitter."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def breaker(failures_max: int = 3) -> Breaker:
    return Breaker(failures_max=failures_max, pause=Backoff(s_min=10, s_max=40), jitter=Highest())


@given(failures=st.integers(0, 10_000), seed=st.integers())
def test_a_pause_doubles_up_to_its_bound_and_half_of_it_is_drawn(failures: int, seed: int) -> None:
    longest_s = min(60.0, 2.0 ** min(failures, 10))
    drawn = Backoff(s_min=1, s_max=60).pause_s(failures, random.Random(seed))
    assert longest_s / 2 <= drawn <= longest_s


def test_it_opens_after_failures_in_a_row_and_lets_one_probe_through_when_its_time_comes() -> None:
    it = breaker()
    assert [it.failed(0.0), it.failed(0.0)] == [False, False]
    it.succeeded()
    assert [it.failed(0.0), it.failed(0.0), it.failed(0.0)] == [False, False, True]
    assert (it.admit(0.0), it.admit(9.0)) == (10.0, 1.0)
    assert it.admit(10.0) is None
    assert it.state is BreakerState.HALF_OPEN
    assert it.admit(10.0) == 0.5
    assert it.succeeded()
    assert it.admit(10.0) is None
    assert it.state is BreakerState.CLOSED


def test_each_probe_that_fails_makes_the_next_pause_longer_up_to_its_bound() -> None:
    it, now_s, pauses = breaker(1), 0.0, []
    for _ in range(4):
        it.failed(now_s)
        pause_s = it.admit(now_s)
        assert pause_s is not None
        pauses.append(pause_s)
        now_s += pause_s
        assert it.admit(now_s) is None
    assert pauses == [10, 20, 40, 40]


def test_failures_of_tries_that_began_before_it_opened_change_nothing() -> None:
    it = breaker(1)
    it.failed(0.0)
    assert not it.failed(5.0)
    assert it.admit(5.0) == 5.0


def test_a_pause_that_the_destination_asks_for_opens_it_at_once_for_so_long() -> None:
    it = breaker()
    assert it.failed(0.0, asked_for_s=300.0)
    it.failed(1.0, asked_for_s=10.0)
    assert it.admit(1.0) == 299.0
    assert it.admit(300.0) is None


def test_a_probe_that_was_given_up_is_followed_by_another_one() -> None:
    it = breaker(1)
    it.failed(0.0)
    assert it.admit(10.0) is None
    it.gave_up()
    assert it.admit(10.0) is None
    it.succeeded()
    it.gave_up()
    assert it.state is BreakerState.CLOSED
