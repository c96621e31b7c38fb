"""Rule 11c by example: fresh challenges and fresh signatures, and what has none."""

import pytest

from events.facts import (
    EnrollmentWithdrawn,
)
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    Guidance,
    OsBiometrics,
)
from tests.unit.one_phone import SIGNED, Phone, with_numbers


def signing_phone() -> Phone:
    phone = Phone(SIGNED)
    assert phone.enrolls(signed=True) == "applied"
    return phone


def test_a_challenge_is_used_once_by_whomever_on_the_device() -> None:
    phone = signing_phone()
    assert phone.tries(signed=True, challenge="c") == "accepted"
    assert phone.tries(signed=True, challenge="c") == "signature_invalid"
    assert phone.enrolls("key-2", signed=True, challenge="c") == "signature_invalid"
    assert phone.enrolls("key-2", user_id="ben", signed=True, challenge="c") == "signature_invalid"
    assert phone.tries(signed=True, challenge="d") == "accepted"


def test_an_enrollment_uses_its_challenge_when_it_is_applied() -> None:
    phone = Phone(SIGNED)
    not_ready = {"os_biometrics": OsBiometrics.NOT_SET_UP}
    assert phone.enrolls(signed=True, challenge="c", **not_ready) == "os_biometrics_not_ready"
    assert phone.enrolls(signed=True, challenge="c") == "applied"
    assert phone.tries(signed=True, challenge="c") == "signature_invalid"


def test_a_challenge_is_used_with_the_slot_and_not_before() -> None:
    phone = signing_phone()
    assert phone.tries(signed=True, challenge="c", key_id="key-2") == "unknown_key"
    assert phone.tries(signed=True, challenge="c", seq=9) == "accepted"
    assert phone.tries(signed=True, challenge="d", seq=9) == "replayed"
    chosen = AttemptOutcome.FALLBACK_CHOSEN
    assert phone.tries(signed=True, challenge="d", seq=10, outcome=chosen) == "not-counted"
    assert phone.tries(signed=True, challenge="e", seq=11) == "fallback_active"
    assert phone.tries(signed=True, challenge="e", seq=12, login_id="2") == "signature_invalid"


def test_the_thirty_third_challenge_makes_the_oldest_forgotten() -> None:
    phone = Phone(SIGNED)
    phone.enrolls(signed=True, challenge="first")
    for number in range(31):
        assert phone.tries(signed=True, challenge=f"c{number}") == "accepted"
    assert phone.tries(signed=True, challenge="first") == "signature_invalid"
    assert len(phone.row.used_challenges) == 32 * 8
    assert phone.tries(signed=True, challenge="another") == "accepted"
    assert len(phone.row.used_challenges) == 32 * 8
    assert phone.tries(signed=True, challenge="first") == "accepted"


@pytest.mark.parametrize("challenge", [None, ""])
def test_no_challenge_is_no_challenge(challenge: str | None) -> None:
    phone = signing_phone()
    assert phone.tries(signed=True, challenge=challenge) == "signature_invalid"


@pytest.mark.parametrize(
    ("skew_ms", "verdict"),
    [
        (-300_001, "signature_invalid"),
        (-300_000, "accepted"),
        (300_000, "accepted"),
        (300_001, "signature_invalid"),
    ],
)
def test_a_signature_is_at_most_five_minutes_away(skew_ms: int, verdict: str) -> None:
    phone = signing_phone()
    phone.skew_ms = skew_ms
    assert phone.tries(signed=True) == verdict


def test_whoever_cannot_sign_locks_nobody_out() -> None:
    phone = signing_phone()
    before = phone.row
    for number in range(100):
        rejected = AttemptOutcome.REJECTED
        assert phone.tries(outcome=rejected, seq=100 + number) == "signature_invalid"
        assert phone.verdict.guidance is Guidance.USE_PASSWORD
    assert phone.row is before
    assert phone.tries(signed=True, seq=1) == "accepted"


def test_a_user_of_before_whose_key_is_known_just_signs() -> None:
    phone = Phone()
    phone.enrolls()
    phone.policy = SIGNED
    assert phone.tries() == "signature_invalid"
    assert phone.tries(signed=True) == "accepted"


def test_a_user_of_before_without_a_key_has_to_enable_again() -> None:
    phone = Phone()
    phone.enrolls(public_key=None)
    phone.policy = SIGNED
    assert phone.tries(signed=True) == "signature_invalid"
    assert phone.enrolls("key-2") == "signature_invalid"
    assert phone.verdict.guidance is Guidance.NONE
    assert phone.enrolls("key-2", signed=True) == "applied"
    assert phone.tries(signed=True, key_id="key-2") == "accepted"


def test_a_refused_enrollment_makes_nobody_leave() -> None:
    phone = Phone(with_numbers(SIGNED, users_max=3, active_users_max=1))
    phone.enrolls(signed=True)
    phone.says(EnrollmentWithdrawn(user_id="ana", channel=Channel.SETTINGS))
    before = phone.row
    assert phone.enrolls("key-2", user_id="ben") == "signature_invalid"
    assert phone.row is before
    assert phone.enrolls("key-2", user_id="ben", signed=True) == "applied"
    assert [user.user_id for user in phone.row.users] == ["ben"]
