"""A seed decides a simulated run to the bit, in whatever process it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.world import simulate

ROOT = Path(__file__).parents[2]
SEED, EVENTS = 7, 500


def _in_a_process_of_its_own(hash_seed: str) -> str:
    return subprocess.run(  # noqa: S603 - this interpreter, on our own module
        [sys.executable, "-m", "tests.simulation.repeat", str(SEED), str(EVENTS)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_two_processes_with_different_hashes_take_the_same_steps() -> None:
    first, second = (_in_a_process_of_its_own(hash_seed) for hash_seed in ("1", "2"))
    assert first == second
    assert first.startswith(f"seed {SEED}: {simulate(SEED, EVENTS).digest}\n")


def test_another_seed_takes_other_steps() -> None:
    assert simulate(SEED, EVENTS).digest != simulate(SEED + 1, EVENTS).digest


@pytest.mark.parametrize("events", [1, 20])
def test_a_world_may_be_small(events: int) -> None:
    assert simulate(SEED, events).findings == []
