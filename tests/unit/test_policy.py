import pytest
from pydantic import ValidationError

from agents.core.admission import must_sign
from agents.core.policy import (
    CONSECUTIVE_FAILURES_MAX_NIST,
    DEFAULT_VERSION,
    FAILURES_MAX_PSD2,
    Policy,
)
from agents.core.projection import public_state
from agents.core.state import DeviceState, User
from events.public_state import USERS_MAX
from events.scalars import POLICY_VERSION_LENGTH_MAX
from events.vocabulary import Platform, Status
from schemas.inputs import NOW_MS_MAX

NUMBERS_OF_THE_DESIGN = {
    "failures_max": 5,
    "consecutive_failures_max": 50,
    "wait_s_first": 30,
    "wait_s_max": 3_600,
    "password_age_s_max": 1_200,
    "password_ahead_s_max": 300,
    "prompt_pause_days": 30,
    "advice_window_days": 7,
    "advice_troubled_fallbacks": 3,
    "advice_consecutive_failures": 40,
    "os_upgrade_keeps_enabled": False,
    "device_signatures": "off",
    "device_signatures_by_platform": {},
    "device_signature_skew_s_max": 300,
    "attempts_per_minute_max": 30,
    "users_max": 16,
    "active_users_max": 8,
    "recent_events_max": 16,
    "old_keys_max": 4,
    "troubled_fallbacks_max": 8,
    "erased_users_max": 8,
    "used_challenges_max": 32,
}
BOUNDS_OF_THE_ROW = (
    "users_max",
    "active_users_max",
    "recent_events_max",
    "old_keys_max",
    "troubled_fallbacks_max",
    "erased_users_max",
    "used_challenges_max",
)
OTHER_THAN_NUMBERS = {
    "os_upgrade_keeps_enabled": True,
    "device_signatures": "required",
    "device_signatures_by_platform": {"ios": "required"},
}


def test_the_defaults_are_the_design_s() -> None:
    assert Policy().model_dump() == {
        "version": DEFAULT_VERSION,
        "profile": "standard",
        **NUMBERS_OF_THE_DESIGN,
    }


@pytest.mark.parametrize("name", NUMBERS_OF_THE_DESIGN)
def test_other_numbers_need_another_version(name: str) -> None:
    default = NUMBERS_OF_THE_DESIGN[name]
    other = {name: OTHER_THAN_NUMBERS[name] if name in OTHER_THAN_NUMBERS else default - 1}
    with pytest.raises(ValidationError, match="version '1' is the default policy's"):
        Policy(**other)
    assert getattr(Policy(version="2", **other), name) != default


def test_the_profile_decides_nothing_and_needs_no_version() -> None:
    assert Policy(profile="strict").version == DEFAULT_VERSION
    assert Policy(version="2").model_dump(exclude={"version"}) == Policy().model_dump(
        exclude={"version"}
    )


@pytest.mark.parametrize(
    ("name", "limit", "source"),
    [
        ("failures_max", FAILURES_MAX_PSD2, "PSD2"),
        ("consecutive_failures_max", CONSECUTIVE_FAILURES_MAX_NIST, "NIST"),
    ],
)
def test_the_strict_profile_refuses_what_is_looser_than_its_sources(
    name: str, limit: int, source: str
) -> None:
    assert (FAILURES_MAX_PSD2, CONSECUTIVE_FAILURES_MAX_NIST) == (5, 50)
    looser = {"version": "2", name: limit + 1}
    assert getattr(Policy(**looser), name) == limit + 1
    with pytest.raises(ValidationError, match=source):
        Policy(profile="strict", **looser)
    assert getattr(Policy(profile="strict", version="2", **{name: limit}), name) == limit
    assert getattr(Policy(profile="strict", version="2", **{name: 1}), name) == 1


@pytest.mark.parametrize(
    ("numbers", "why"),
    [
        ({"users_max": 8, "active_users_max": 8}, "active_users_max must be lower"),
        ({"users_max": 4, "active_users_max": 5}, "active_users_max must be lower"),
        ({"troubled_fallbacks_max": 2}, "advice_troubled_fallbacks is above"),
        ({"wait_s_first": 3_601}, "wait_s_first is above"),
        ({"wait_s_max": 29}, "wait_s_first is above"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(numbers: dict[str, int], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Policy(version="2", **numbers)


def test_a_platform_may_need_signatures_or_be_spared_them() -> None:
    policy = Policy(
        version="2",
        device_signatures="required",
        device_signatures_by_platform={"android": "off"},
    )
    assert {name: must_sign(policy, name) for name in (*Platform, None)} == {
        Platform.IOS: True,
        Platform.ANDROID: False,
        Platform.OTHER: True,
        None: True,
    }
    assert policy.looks_at_device_signatures
    only_ios = Policy(version="3", device_signatures_by_platform={"ios": "required"})
    assert [name for name in (*Platform, None) if must_sign(only_ios, name)] == [Platform.IOS]
    assert only_ios.looks_at_device_signatures
    assert not Policy().looks_at_device_signatures
    assert not any(must_sign(Policy(), name) for name in (*Platform, None))


def test_no_attempts_at_all_cannot_be_asked_for_and_the_guard_can_be_off() -> None:
    assert Policy(version="2", attempts_per_minute_max=0).attempts_per_minute_max == 0
    with pytest.raises(ValidationError, match="less than or equal to 1000"):
        Policy(version="2", attempts_per_minute_max=1_001)


@pytest.mark.parametrize("name", BOUNDS_OF_THE_ROW)
def test_a_bound_of_the_row_can_be_lowered_and_not_raised(name: str) -> None:
    default = NUMBERS_OF_THE_DESIGN[name]
    assert getattr(Policy(version="2", **{name: default - 1}), name) == default - 1
    with pytest.raises(ValidationError, match="less than or equal"):
        Policy(version="2", **{name: default + 1})
    with pytest.raises(ValidationError, match="greater than or equal"):
        Policy(version="2", **{name: 0})


@pytest.mark.parametrize("name", [*NUMBERS_OF_THE_DESIGN, "unknown"])
def test_nonsense_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Policy(version="2", **{name: -1})


def test_a_policy_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Policy().failures_max = 6  # type: ignore[misc] - that it is refused is the point


@pytest.mark.parametrize("version", ["", "x" * (POLICY_VERSION_LENGTH_MAX + 1), "é", "1\n"])
def test_a_version_is_a_short_printable_text(version: str) -> None:
    with pytest.raises(ValidationError):
        Policy(version=version)
    assert Policy(version="x" * POLICY_VERSION_LENGTH_MAX).failures_max == Policy().failures_max


def test_the_contract_of_the_public_state_takes_every_user_of_a_row() -> None:
    assert Policy().users_max == USERS_MAX


def test_what_the_longest_pause_adds_to_the_latest_record_can_be_written() -> None:
    policy = Policy(version="2", prompt_pause_days=366, wait_s_max=366 * 86_400)
    declined = User(user_id="user-1", status=Status.ABSENT, declined_ms=NOW_MS_MAX - 1)
    state = public_state("phone-1", DeviceState(users=(declined,)), policy)
    assert state is not None
    assert state.users["user-1"].prompt_not_before == "9999-01-01T23:59:59.999Z"
