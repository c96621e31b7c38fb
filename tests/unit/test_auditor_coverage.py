"""Made-up histories reach everything that the design names, and are the same for one seed."""

from collections import Counter

from tests.auditor.coverage import EVERYTHING, coverage
from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.property.history import generate
from tests.property.malformed import BREAKERS

SEEDS = range(6)
EVENTS = 3000


def test_a_seed_is_a_history() -> None:
    assert generate(seed=3, events=400) == generate(seed=3, events=400)
    assert generate(seed=3, events=400) != generate(seed=4, events=400)
    signed = generate(seed=3, events=400, signed=True)
    assert generate(seed=3, events=400, signed=True) == signed


def test_exactly_the_broken_records_are_dead_letters() -> None:
    history = generate(seed=11, events=3000, malformed_share=0.3)
    model = Model(Policy(version="1"))
    dead = {(r.partition, r.offset) for r in history.records if model.step(r).is_dead_letter}
    assert dead == history.malformed.keys()
    assert set(history.malformed.values()) == set(BREAKERS)


def test_everything_that_the_design_names_happens() -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        policy = Policy(version="1", os_upgrade_keeps_enabled=seed % 2 == 1)
        counts += coverage(generate(seed=seed, events=EVENTS).records, policy)
    signed = generate(seed=0, events=EVENTS, signed=True).records
    counts += coverage(signed, Policy(version="1", signatures_required=True))
    assert EVERYTHING - counts.keys() == set()
    assert counts.keys() - EVERYTHING == set()
