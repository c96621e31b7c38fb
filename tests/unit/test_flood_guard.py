"""Rule 11d by example: a bucket of tokens for each device."""

import pytest

from agents.core.policy import Policy
from agents.core.state import UNKNOWN_DEVICE
from events.facts import (
    BiometricsChanged,
    DeviceErased,
    EnrollmentRevoked,
    EnrollmentWithdrawn,
)
from events.vocabulary import (
    BiometricChange,
    Channel,
    DetectedBy,
    Guidance,
    RefusedReason,
    Status,
)
from tests.unit.one_phone import SIGNED, Phone, with_numbers


def test_thirty_attempts_at_once_and_then_one_every_two_seconds() -> None:
    phone = Phone()
    phone.enrolls()
    assert [phone.tries() for _ in range(31)] == ["accepted"] * 30 + ["rate_limited"]
    assert phone.verdict.guidance is Guidance.USE_PASSWORD
    before = phone.row
    phone.now_ms += 1_999
    assert phone.tries() == "rate_limited"
    assert phone.row is before
    phone.now_ms += 1
    assert [phone.tries(), phone.tries()] == ["accepted", "rate_limited"]
    phone.now_ms += 60_000
    assert [phone.tries() for _ in range(31)] == ["accepted"] * 30 + ["rate_limited"]


def test_what_other_rules_refuse_takes_a_token_too() -> None:
    phone = Phone()
    phone.enrolls()
    phone.says(EnrollmentRevoked(user_id="ana", reason_admin="lost", allow_re_enable=True))
    answers = [phone.tries(login_id=f"login-{number}") for number in range(31)]
    assert answers == ["disabled"] * 30 + ["rate_limited"]


def test_attempts_of_nobody_take_no_token_and_make_no_row() -> None:
    phone = Phone()
    assert {phone.tries() for _ in range(40)} == {"unknown_binding"}
    assert phone.row is UNKNOWN_DEVICE


def test_a_forger_drains_no_bucket() -> None:
    phone = Phone(with_numbers(SIGNED, attempts_per_minute_max=1))
    phone.enrolls(signed=True)
    assert {phone.tries() for _ in range(40)} == {"signature_invalid"}
    assert [phone.tries(signed=True), phone.tries(signed=True)] == ["accepted", "rate_limited"]


def test_no_flood_holds_up_what_lowers_trust() -> None:
    changed = BiometricsChanged(
        bio_epoch=2, change=BiometricChange.ADDED, detected_by=DetectedBy.APP_CHECK
    )
    for lowering in (
        EnrollmentWithdrawn(user_id="ana", channel=Channel.SETTINGS),
        EnrollmentRevoked(user_id="ana", reason_admin="lost", allow_re_enable=False),
        changed,
        DeviceErased(user_id="ana"),
        DeviceErased(),
    ):
        phone = Phone()
        phone.enrolls()
        while phone.tries() != "rate_limited":
            pass
        assert phone.says(lowering) == "applied"
        user = phone.row.user("ana")
        assert user is None or user.status is Status.DISABLED
    phone = Phone()
    phone.enrolls()
    while phone.tries() != "rate_limited":
        pass
    assert phone.tries(bio_epoch=2) == RefusedReason.BIOMETRICS_CHANGED.value


def test_where_now_went_back_nobody_waits_for_longer_than_a_minute() -> None:
    phone = Phone()
    phone.enrolls()
    for _ in range(15):
        phone.tries()
    phone.now_ms -= 30_001  # the bucket seems further from full than an empty one: counts as full
    assert [phone.tries() for _ in range(31)] == ["accepted"] * 30 + ["rate_limited"]
    phone.now_ms -= 1
    assert phone.tries() == "accepted"


def test_the_guard_can_be_off_and_leaves_the_row_alone() -> None:
    phone = Phone(Policy(version="2", attempts_per_minute_max=0))
    phone.enrolls()
    assert {phone.tries() for _ in range(100)} == {"accepted"}
    assert phone.row.bucket_full_ms == 0


@pytest.mark.parametrize("per_minute", [1, 7, 1_000])
def test_other_limits_hold_as_they_say(per_minute: int) -> None:
    phone = Phone(Policy(version="2", attempts_per_minute_max=per_minute))
    phone.enrolls()
    assert [phone.tries() for _ in range(per_minute)] == ["accepted"] * per_minute
    assert phone.tries() == "rate_limited"
    phone.now_ms += 60_000 // per_minute - 1
    assert phone.tries() == "rate_limited"
    phone.now_ms += 1
    assert phone.tries() == "accepted"


def test_an_erased_device_has_a_full_bucket_and_no_used_challenges() -> None:
    phone = Phone(with_numbers(SIGNED, attempts_per_minute_max=1))
    phone.enrolls(signed=True)
    phone.tries(signed=True)
    assert phone.row.bucket_full_ms > 0
    assert phone.row.used_challenges
    phone.says(DeviceErased())
    assert (phone.row.bucket_full_ms, phone.row.used_challenges) == (0, b"")
