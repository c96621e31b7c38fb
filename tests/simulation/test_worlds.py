"""The lane under everything that can go wrong at once, in many simulated worlds, each judged.

Goal: for whoever reads committed data every event has one verdict and its exact decisions, in
order, and rows, public states, positions and the group's offsets are what they have to be.
"""

import os
from collections.abc import Callable

import pytest

from tests.simulation.report import PROPERTY
from tests.simulation.world import EVENTS_PER_RUN, simulate

EVENTS = int(os.environ.get("SIMULATION_EVENTS", "100000"))
SEED = os.environ.get("SIMULATION_SEED")
SEEDS = range(-(-EVENTS // EVENTS_PER_RUN)) if SEED is None else [int(SEED)]
SHOWN_MAX = 10


@pytest.mark.parametrize("seed", SEEDS)
def test_the_auditor_finds_nothing(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    outcome = simulate(seed, EVENTS_PER_RUN)
    record_property(PROPERTY, dict(outcome.counts))
    if outcome.findings:
        found = "\n".join(outcome.findings[:SHOWN_MAX])
        pytest.fail(
            f"{len(outcome.findings)} findings in the world of seed {seed}:\n{found}\n"
            f"to repeat it, with its last steps: python -m tests.simulation.repeat {seed}",
            pytrace=False,
        )
