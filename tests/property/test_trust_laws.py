"""Laws of device signatures and the flood guard, for every history and every event.

Whatever is not signed as it has to be raises no trust and touches nothing; whatever lowers trust
is heard as ever.
"""

import random
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from agents.core.decide import Decided, step
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import UNKNOWN_DEVICE, DeviceState, EllipticPoint
from events.errors import MalformedInput
from events.facts import AttemptFinished, EnrollmentSubmitted, Fact
from events.verdicts import Accepted, Failed, NotCounted, Refused
from events.vocabulary import RefusedReason, Status
from schemas.inputs import decode
from tests.property.history import generate
from tests.property.probes import probe

SEEDS = range(2)
OFF = Policy(version="off")
REQUIRED = Policy(version="off", device_signatures="required")
ONE_A_MINUTE = Policy(version="off", attempts_per_minute_max=1)
HEARD_UNSIGNED = {
    RefusedReason.DUPLICATE,
    RefusedReason.ERASED,
    RefusedReason.UNKNOWN_BINDING,
    RefusedReason.BIOMETRICS_CHANGED,
}
STRANGERS = EllipticPoint(x="s" * 43, y="s" * 43)


def _facts(seed: int) -> Iterator[Fact]:
    for record in generate(seed=seed, events=1_500).records:
        try:
            yield decode(
                record.key,
                record.value,
                record.headers,
                timestamp_ms=record.timestamp_ms,
                offset=record.offset,
            )
        except MalformedInput:
            continue


def _met(seed: int, policy: Policy) -> Iterator[tuple[DeviceState, Fact]]:
    """Every state of a history under a policy, with its event and two that fit the state."""
    chance = random.Random(seed)
    states: dict[str, DeviceState] = {}
    for fact in _facts(seed):
        state = states.get(fact.device_id, UNKNOWN_DEVICE)
        for tried in (fact, probe(chance, state, fact), probe(chance, state, fact)):
            yield state, tried
        states[fact.device_id], _ = step(state, fact, policy)


def _forgeries(state: DeviceState, fact: Fact) -> Iterator[VerifiedSignature | None]:
    """What may be known of a signature that must not do: nothing, another key, another time."""
    yield None
    yield VerifiedSignature(STRANGERS, fact.now_ms)
    user = state.user(fact.data.user_id) if isinstance(fact.data, AttemptFinished) else None
    if user is not None and user.public_key is not None:
        for skew_ms in (-300_001, 300_001):
            yield VerifiedSignature(user.public_key, fact.now_ms + skew_ms)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_forged_attempt_never_changes_the_row(seed: int) -> None:
    refused = 0
    for state, fact in _met(seed, OFF):
        if not isinstance(fact.data, AttemptFinished):
            continue
        for forgery in _forgeries(state, fact):
            after, decided = step(state, fact, REQUIRED, forgery)
            assert isinstance(decided.verdict, Refused)
            if decided.verdict.reason in HEARD_UNSIGNED:
                continue
            assert decided.verdict.reason is RefusedReason.SIGNATURE_INVALID
            assert after is state
            assert decided.decisions == decided.changes == ()
            refused += 1
    assert refused > 500


@pytest.mark.parametrize("seed", SEEDS)
def test_an_enrollment_without_proof_never_changes_the_row(seed: int) -> None:
    refused = 0
    for state, fact in _met(seed, OFF):
        if isinstance(fact.data, EnrollmentSubmitted):
            after, decided = step(state, fact, REQUIRED)
            assert isinstance(decided.verdict, Refused)
            assert after is state
            assert decided.decisions == ()
            refused += decided.verdict.reason is RefusedReason.SIGNATURE_INVALID
    assert refused > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_without_a_valid_signature_nobody_is_ever_enabled_or_accepted(seed: int) -> None:
    states: dict[str, DeviceState] = {}
    for fact in _facts(seed):
        before = states.get(fact.device_id, UNKNOWN_DEVICE)
        after, decided = step(before, fact, REQUIRED, VerifiedSignature(STRANGERS, fact.now_ms))
        assert not isinstance(decided.verdict, Accepted | Failed | NotCounted)
        assert not any(user.live for user in after.users)
        states[fact.device_id] = after
    assert any(user.status is Status.DISABLED for state in states.values() for user in state.users)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_unsigned_raises_trust_that_was_there_before(seed: int) -> None:
    """From rows full of enabled users: they only ever become less, or stay as they are."""
    for state, fact in _met(seed, OFF):
        after, decided = step(state, fact, REQUIRED)
        for user in after.users:
            earlier = state.user(user.user_id)
            was_live = earlier is not None and earlier.live
            assert user.live <= was_live
            rearmed = earlier is not None and earlier.status is Status.FALLBACK
            if user.status is Status.ENABLED and rearmed:
                kinds = [decision.event_type for decision in decided.decisions]
                assert kinds == ["biolatch.decision.rearmed.v1"]
                assert decided.verdict.cause.type == "biolatch.attempt.password-accepted.v1"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("strict", [REQUIRED, ONE_A_MINUTE], ids=["signatures", "flood guard"])
def test_what_is_no_attempt_and_no_enrollment_is_heard_as_ever(seed: int, strict: Policy) -> None:
    for state, fact in _met(seed, OFF):
        if isinstance(fact.data, AttemptFinished | EnrollmentSubmitted):
            continue
        drained = replace(state, bucket_full_ms=fact.now_ms + 60_000)
        for row in (state, drained):
            assert step(row, fact, strict) == step(row, fact, OFF)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_found_at_login_is_heard_as_ever(seed: int) -> None:
    heard = 0
    for state, fact in _met(seed, OFF):
        as_ever: tuple[DeviceState, Decided] = step(state, fact, OFF)
        verdict = as_ever[1].verdict
        if isinstance(verdict, Refused) and verdict.reason is RefusedReason.BIOMETRICS_CHANGED:
            drained = replace(state, bucket_full_ms=fact.now_ms + 60_000)
            assert step(state, fact, REQUIRED) == as_ever
            assert step(drained, fact, ONE_A_MINUTE)[1] == as_ever[1]
            heard += 1
    assert heard > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_an_attempt_above_the_limit_never_changes_the_row(seed: int) -> None:
    refused = 0
    for state, fact in _met(seed, OFF):
        if not isinstance(fact.data, AttemptFinished):
            continue
        drained = replace(state, bucket_full_ms=fact.now_ms + 60_000)
        after, decided = step(drained, fact, ONE_A_MINUTE)
        assert isinstance(decided.verdict, Refused)
        if decided.verdict.reason not in HEARD_UNSIGNED:
            assert decided.verdict.reason is RefusedReason.RATE_LIMITED
            assert after is drained
            assert decided.decisions == decided.changes == ()
            refused += 1
    assert refused > 100
