"""What happens without each protection of the delivery rules: the auditor says so, and how.

Goal: no protection is there for nothing, and none of them is broken without being seen. Each runs
where it is the only defence: with it, the same surroundings do no harm.
"""

import re
from typing import NamedTuple

import pytest

from tests.simulation.faults import Faults
from tests.simulation.sabotage import (
    FencesTooLate,
    IgnoresAcknowledgements,
    KeepsItsProducer,
    PositionFirst,
    PositionLast,
    UncommittedChangelog,
    UncommittedInput,
    Unfenced,
    forgetful_handler,
    taken_events,
)
from tests.simulation.setup import Setup
from tests.simulation.world import simulate

EVENTS = 300
SOUND_SEEDS = range(4)
SEEDS = range(12)
TWICE = r"extra verdict \S+: written 2 times"
MISSING = r"missing verdict "

SLOW_OPENINGS = Faults(
    lost=0,
    unanswered=0,
    late=0,
    late_commit=0,
    hung=0,
    crash_at_request=0,
    latency_s=0.02,
    trouble_s=0.3,
    troubles={"rebalance": 1, "cut off": 2},
    careful_group=True,
)
"""Nothing but generations that end while lanes open."""

LATE = Faults(late_commit=0.3, late_s=0.4, latency_s=0.02, trouble_s=10)
"""Many commits that arrive when their sender has gone on without them."""

ZOMBIES = Faults(trouble_s=0.5, troubles={"cut off": 1}, latency_s=0.01)
"""Workers that go on serving what the group has given to others."""

LOSSES = Faults(lost=0.03)
"""Many requests that never arrive, writes among them."""


class Protection(NamedTuple):
    """Worlds with a protection and without it, and what is found without it.

    Attributes:
        beside: what is found in these worlds either way, for that is how they are made.
    """

    with_it: Setup
    without_it: Setup
    finding: str
    beside: str = r"\Znothing"


PROTECTIONS = {
    "fence before position": Protection(
        Setup(faults=ZOMBIES), Setup(faults=ZOMBIES, lane_log=FencesTooLate), TWICE
    ),
    "position in the transaction": Protection(Setup(), Setup(lane_log=PositionFirst), MISSING),
    "watermark": Protection(
        Setup(lane_log=PositionLast, history=taken_events),
        Setup(lane_log=PositionLast, history=taken_events, handler=forgetful_handler),
        TWICE,
        beside=r"position of partition \d+: the row of .+ with watermark \d+ lies between",
    ),
    "generation check": Protection(
        Setup(lane_log=Unfenced, faults=SLOW_OPENINGS),
        Setup(lane_log=Unfenced, faults=SLOW_OPENINGS, checks_generation=False),
        TWICE,
    ),
    "read_committed of the input": Protection(
        Setup(), Setup(log=UncommittedInput), r"extra verdict "
    ),
    "read_committed of the rows": Protection(Setup(), Setup(log=UncommittedChangelog), MISSING),
    "new producer after an error": Protection(
        Setup(faults=LATE), Setup(faults=LATE, lane_log=KeepsItsProducer), TWICE
    ),
    "futures checked": Protection(
        Setup(faults=LOSSES), Setup(faults=LOSSES, lane_log=IgnoresAcknowledgements), MISSING
    ),
}


ALL = pytest.mark.parametrize("protection", PROTECTIONS.values(), ids=PROTECTIONS)


@ALL
def test_with_it_the_auditor_finds_nothing(protection: Protection) -> None:
    for seed in SOUND_SEEDS:
        found = simulate(seed, EVENTS, protection.with_it).findings
        assert [text for text in found if not re.match(protection.beside, text)] == [], seed


@ALL
def test_without_it_the_auditor_says_what_is_wrong(protection: Protection) -> None:
    for seed in SEEDS:
        found = simulate(seed, EVENTS, protection.without_it).findings
        if any(re.match(protection.finding, text) for text in found):
            return
    pytest.fail(f"nothing like {protection.finding!r} was found in {SEEDS}")
