"""What a campaign of simulated runs has gone through, for people."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

PROPERTY = "simulation"
"""Under this name a test records the counts of its run."""

_EFFECTS = {
    "late request taken": "late requests that still took effect",
    "late request refused": "late requests that the broker refused",
    "recovery torn": "faults that hit a recovery",
    "rebalance amid a transaction": "rebalances while transactions were open",
    "write of a zombie refused": "writes refused: fenced, or their transaction ended",
    "output aborted": "output records aborted, which only careless readers see",
}


def summary(runs: Sequence[Mapping[str, int]]) -> Iterator[str]:
    """Events and faults by kind, and what came of them."""
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run)
    events = total.pop("event", 0)
    effects = {kind: total.pop(kind, 0) for kind in _EFFECTS}
    yield f"{events:,} events in {len(runs):,} runs, {sum(total.values()):,} faults:"
    for kind, count in sorted(total.items(), key=lambda entry: (-entry[1], entry[0])):
        yield f"{count:>10,}  {kind}"
    yield "of these or because of them:"
    for kind, words in _EFFECTS.items():
        yield f"{effects[kind]:>10,}  {words}"
