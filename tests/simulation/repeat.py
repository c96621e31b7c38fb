"""Repeat one simulated run: `python -m tests.simulation.repeat SEED [EVENTS]`."""

import sys

from tests.simulation.report import summary
from tests.simulation.world import EVENTS_PER_RUN, simulate


def main() -> int:
    """Print the run's digest, what it went through, its last steps, and what is wrong."""
    seed = int(sys.argv[1])
    events = int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS_PER_RUN
    outcome = simulate(seed, events)
    lines = [f"seed {seed}: {outcome.digest}", *summary([outcome.counts])]
    if outcome.findings:
        lines += ["last steps:", *outcome.last, "findings:", *outcome.findings]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if outcome.findings else 0


if __name__ == "__main__":
    sys.exit(main())
