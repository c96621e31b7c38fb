"""The map of transitions against the rules: no move that it lacks, no line that never happens.

States come from random histories; on each a random event is tried, built with what the state knows
so that it gets past the first rules often enough.
"""

import random
from collections.abc import Iterator
from functools import cache

import pytest

from agents.core.decide import decide, step
from agents.core.evolve import evolve
from agents.core.policy import Policy
from agents.core.state import UNKNOWN_DEVICE, DeviceState
from agents.core.transitions import (
    MATRIX,
    MOVES_OF_OTHERS,
    TRIGGER_OF_OUTCOME,
    Move,
    Standing,
    Trigger,
)
from events.errors import MalformedInput
from events.facts import AnyFactData, AttemptFinished, BiometricsChanged, EnrollmentSubmitted, Fact
from events.verdicts import Refused, Verdict
from events.vocabulary import RefusedReason
from schemas.inputs import decode
from tests.property.history import generate
from tests.property.probes import probe

POLICIES = (
    Policy(),
    Policy(version="upgrade", os_upgrade_keeps_enabled=True),
    Policy(version="short", consecutive_failures_max=3, failures_max=2),
)
OF_TRUST = (
    Policy(version="few", attempts_per_minute_max=1),
    Policy(version="signed", device_signatures="required"),
)
"""Tried on top of the others: what they refuse moves nobody, and would hide other moves."""
SEEDS = range(4)
PROBES = 6
ALIKE_EVERYWHERE = (RefusedReason.DUPLICATE, RefusedReason.ERASED)


def _states(seed: int) -> Iterator[tuple[DeviceState, Fact]]:
    """Every state of a random history with the event that met it."""
    states: dict[str, DeviceState] = {}
    for record in generate(seed=seed, events=2_500).records:
        try:
            fact = decode(
                record.key,
                record.value,
                record.headers,
                timestamp_ms=record.timestamp_ms,
                offset=record.offset,
            )
        except MalformedInput:
            continue
        state = states.get(fact.device_id, UNKNOWN_DEVICE)
        yield state, fact
        states[fact.device_id], _ = step(state, fact, POLICIES[0])


def _standing(state: DeviceState, user_id: str) -> Standing:
    user = state.user(user_id)
    return Standing.UNKNOWN if user is None else Standing(user.status.value)


def _trigger(data: AnyFactData) -> Trigger:
    if isinstance(data, AttemptFinished):
        return TRIGGER_OF_OUTCOME[data.outcome]
    return Trigger(data.event_type.removeprefix("biolatch.").removesuffix(".v1"))


def _answer(verdict: Verdict) -> str:
    kind = verdict.event_type.split(".")[2]
    return f"{kind} {verdict.reason.value}" if isinstance(verdict, Refused) else kind


@cache
def _observed() -> tuple[
    set[tuple[Trigger, Standing, Move]], set[tuple[Trigger, Standing, Standing]]
]:
    own: set[tuple[Trigger, Standing, Move]] = set()
    others: set[tuple[Trigger, Standing, Standing]] = set()
    for seed in SEEDS:
        chance = random.Random(seed)
        for state, fact in _states(seed):
            for tried in (fact, *(probe(chance, state, fact) for _ in range(PROBES))):
                more = (
                    OF_TRUST
                    if isinstance(tried.data, AttemptFinished | EnrollmentSubmitted)
                    else ()
                )
                for policy in (chance.choice(POLICIES), *more):
                    decided = decide(state, tried, policy)
                    verdict = decided.verdict
                    if isinstance(verdict, Refused) and verdict.reason in ALIKE_EVERYWHERE:
                        continue
                    after = state
                    for change in decided.changes:
                        after = evolve(after, change)
                    _note(state, after, tried, verdict, own, others)
    return own, others


def _note(
    before: DeviceState,
    after: DeviceState,
    fact: Fact,
    verdict: Verdict,
    own: set[tuple[Trigger, Standing, Move]],
    others: set[tuple[Trigger, Standing, Standing]],
) -> None:
    data = fact.data
    trigger = _trigger(data)
    user_id = None if isinstance(data, BiometricsChanged) else data.user_id
    about_the_phone = user_id is None
    known = {user.user_id for user in before.users} | {user.user_id for user in after.users}
    for one in known | ({user_id} if user_id else set()):
        source, target = _standing(before, one), _standing(after, one)
        if about_the_phone or one == user_id:
            own.add((trigger, source, Move(_answer(verdict), target)))
        elif source is not target:
            others.add((trigger, source, target))


def test_every_cell_is_written_down() -> None:
    assert set(MATRIX) == set(MOVES_OF_OTHERS) == set(Trigger)
    for trigger, cells in MATRIX.items():
        # A change is about the phone: a user it does not know is no user of it.
        due = set(Standing) - ({Standing.UNKNOWN} if trigger is Trigger.CHANGED else set())
        assert set(cells) == due, trigger
        assert all(cells.values()), trigger


@pytest.mark.long
def test_no_move_that_the_map_lacks() -> None:
    own, others = _observed()
    assert {seen for seen in own if seen[2] not in MATRIX[seen[0]].get(seen[1], ())} == set()
    assert {seen for seen in others if seen[1:] not in MOVES_OF_OTHERS[seen[0]]} == set()


@pytest.mark.parametrize("trigger", Trigger)
def test_every_line_of_the_map_happens(trigger: Trigger) -> None:
    own, others = _observed()
    due = {(trigger, source, move) for source, cell in MATRIX[trigger].items() for move in cell}
    assert due - own == set()
    assert {(trigger, *move) for move in MOVES_OF_OTHERS[trigger]} - others == set()
