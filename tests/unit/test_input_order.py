"""Two topics, read at any speeds, come out in the order of the inputs and lose nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.signals.input_order import InputOrder, Place, place_of


def test_a_place_is_read_from_an_id() -> None:
    assert place_of("biolatch.device-events/3/120/2") == Place(120, 2)
    with pytest.raises(ValueError, match="not enough values"):
        place_of("nothing")


def test_a_verdict_waits_for_the_decisions_before_it() -> None:
    order = InputOrder[str]()
    order.take(Place(2, 0), "login", is_verdict=True)
    assert order.wants_end
    order.decisions_end(10)
    order.decisions_read_to(9)
    assert order.release() == []
    order.take(Place(1, 1), "revoked", is_verdict=False)
    order.decisions_read_to(10)
    assert order.release() == ["revoked", "login"]


def test_a_decision_waits_for_the_verdict_of_its_input() -> None:
    order = InputOrder[str]()
    order.take(Place(1, 1), "revoked", is_verdict=False)
    assert not order.wants_end
    assert order.release() == []
    order.take(Place(1, 0), "verdict", is_verdict=True)
    order.decisions_end(5)
    order.decisions_read_to(5)
    assert order.release() == ["verdict", "revoked"]


def test_a_record_without_a_place_follows_the_one_before_it() -> None:
    order = InputOrder[str]()
    order.take(Place(1, 0), "first", is_verdict=True)
    order.take(None, "foreign", is_verdict=True)
    order.take(Place(2, 0), "second", is_verdict=True)
    order.decisions_end(0)
    order.decisions_read_to(0)
    assert order.release() == ["first", "foreign", "second"]


@given(
    decisions_of=st.lists(st.integers(0, 2), min_size=1, max_size=12),
    speeds=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=20),
)
def test_any_two_speeds_give_the_order_of_the_inputs(
    decisions_of: list[int], speeds: list[tuple[int, int]]
) -> None:
    verdicts = [Place(offset, 0) for offset in range(len(decisions_of))]
    decisions = [
        Place(offset, index + 1)
        for offset, count in enumerate(decisions_of)
        for index in range(count)
    ]
    order = InputOrder[Place]()
    released: list[Place] = []
    read_verdicts = read_decisions = 0
    for more_verdicts, more_decisions in [*speeds, (99, 99)]:
        for place in decisions[read_decisions : read_decisions + more_decisions]:
            order.take(place, place, is_verdict=False)
        for place in verdicts[read_verdicts : read_verdicts + more_verdicts]:
            order.take(place, place, is_verdict=True)
        read_verdicts = min(read_verdicts + more_verdicts, len(verdicts))
        read_decisions = min(read_decisions + more_decisions, len(decisions))
        if order.wants_end:
            order.decisions_end(len(decisions))
        order.decisions_read_to(read_decisions)
        released += order.release()
        if order.wants_end:
            order.decisions_end(len(decisions))
            order.decisions_read_to(read_decisions)
            released += order.release()
    assert released == sorted([*verdicts, *decisions])
