"""May a device use biometrics now? The rule, the reading of states, and the twin in memory."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biolatch_client import (
    Guidance,
    OffReason,
    Permission,
    RefusedReason,
    Status,
    UnknownReason,
    UserState,
)
from biolatch_client.device_view import Unreadable, read_state
from biolatch_client.instants import epoch_ms
from biolatch_client.testing import InMemoryDeviceStates
from deploy.inspection.standing import Answer as ServerAnswer
from deploy.inspection.standing import may_use_biometrics
from events.public_state import PublicState
from events.timestamps import format_rfc3339, parse_rfc3339
from schemas.outputs import public_state_value
from tests.unit.generated import STABLE, instances

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
WAIT_MS = epoch_ms(NOW)
FALLBACK = UserState(
    "ana",
    Status.FALLBACK,
    OffReason.TOO_MANY_FAILURES,
    guidance=Guidance.USE_PASSWORD,
    fallback_login_id="login-1",
    wait_until_ms=WAIT_MS,
)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("user", "login_id", "now", "permission", "why"),
    [
        (UserState("ana", Status.ENABLED), None, NOW, Permission.MAY, None),
        (FALLBACK, "login-2", NOW, Permission.MAY, None),
        (FALLBACK, "login-2", NOW - SECOND, Permission.MAY_NOT, RefusedReason.WAIT),
        (FALLBACK, "login-1", NOW, Permission.MAY_NOT, RefusedReason.FALLBACK_ACTIVE),
        (FALLBACK, None, NOW, Permission.MAY_NOT, RefusedReason.FALLBACK_ACTIVE),
        (FALLBACK._replace(wait_until_ms=None), "login-2", NOW, Permission.MAY, None),
        (UserState("ana", Status.DISABLED), "login-2", NOW, Permission.MAY_NOT, "disabled"),
        (UserState("ana", Status.ABSENT), "login-2", NOW, Permission.MAY_NOT, "unknown_binding"),
        (UserState("ben", Status.ENABLED), None, NOW, Permission.MAY_NOT, "unknown_binding"),
    ],
)
def test_the_answer_follows_from_the_state(
    user: UserState, login_id: str | None, now: datetime, permission: Permission, why: str | None
) -> None:
    states = InMemoryDeviceStates()
    states.set_user("phone-1", user)
    answer = states.may_use("phone-1", "ana", login_id=login_id, now=now)
    assert (answer.permission, answer.why) == (permission, why)
    assert bool(answer) is (permission is Permission.MAY)
    if user.user_id == "ana":
        assert answer.user == user


def test_an_answer_says_what_the_user_should_do_next() -> None:
    states = InMemoryDeviceStates()
    states.set_user("phone-1", FALLBACK)
    assert states.may_use("phone-1", "ana", login_id="login-1").guidance is Guidance.USE_PASSWORD
    assert states.may_use("phone-1", "ana", login_id="login-2").guidance is Guidance.NONE
    assert states.may_use("phone-2", "ana").guidance is Guidance.NONE
    states.become_unready()
    assert states.may_use("phone-1", "ana").guidance is Guidance.USE_PASSWORD


@STABLE
@given(instances(PublicState), st.integers(0, 2**42))
def test_any_state_that_biolatch_publishes_is_read_and_answered_as_biolatch_answers(
    state: PublicState, now_ms: int
) -> None:
    value = public_state_value(state)
    assert value is not None
    states = InMemoryDeviceStates()
    states.take_record("phone-1", value)
    device = states.device("phone-1")
    assert device is not None
    assert device.bio_epoch == state.bio_epoch
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    for user_id, user in state.users.items():
        mine = device.user(user_id)
        assert mine is not None
        for name in ("status", "reason", "guidance", "offer", "prompt_label", "fallback_login_id"):
            assert getattr(mine, name) == getattr(user, name), name
        for name in ("since", "prompt_not_before", "wait_until"):
            instant = getattr(user, name)
            expected = None if instant is None else parse_rfc3339(instant)
            assert getattr(mine, f"{name}_ms") == expected
        server = may_use_biometrics(user, now_ms=epoch_ms(now))
        other_login = f"not {user.fallback_login_id}"
        assert bool(states.may_use("phone-1", user_id, login_id=other_login, now=now)) is (
            server is not ServerAnswer.NO
        )
        this_login = user.fallback_login_id
        assert bool(states.may_use("phone-1", user_id, login_id=this_login, now=now)) is (
            server is ServerAnswer.YES
        )


USER = {
    "status": "disabled",
    "reason": "biometrics_changed",
    "since": format_rfc3339(WAIT_MS),
    "guidance": "re_enable",
    "offer": "prompt",
    "prompt_not_before": None,
    "prompt_label": "Face ID",
    "fallback_login_id": None,
    "wait_until": None,
}


def value_with(**changes: object) -> bytes:
    fields = {name: field for name, field in {**USER, **changes}.items() if field is not ...}
    return msgspec.json.encode({"device_id": "d", "bio_epoch": 1, "users": {"ana": fields}})


def test_words_and_fields_of_a_newer_biolatch_that_decide_nothing_do_not_matter() -> None:
    value = value_with(reason="solar_flare", offer="tea", prompt_label="Iris", more=[1])
    user = read_state(value).user("ana")
    assert user is not None
    assert (user.status, user.reason, user.prompt_label) == (Status.DISABLED, None, None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"bio_epoch":1}',
        value_with(status="suspended"),
        value_with(status=...),
        value_with(wait_until="tomorrow"),
        value_with(wait_until=7),
    ],
)
def test_a_state_that_cannot_be_understood_is_unknown_for_its_device_alone(value: bytes) -> None:
    with pytest.raises(Unreadable):
        read_state(value)
    states = InMemoryDeviceStates()
    states.set_user("phone-1", UserState("ana", Status.ENABLED))
    states.set_user("phone-2", UserState("ana", Status.ENABLED))
    states.take_record("phone-1", value)
    answer = states.may_use("phone-1", "ana")
    assert (bool(answer), answer.why) == (False, UnknownReason.UNREADABLE)
    assert states.device("phone-1") is None
    assert states.may_use("phone-2", "ana")
    states.take_record("phone-1", None)
    assert states.may_use("phone-1", "ana").why is RefusedReason.UNKNOWN_BINDING


def test_the_twin_in_memory_can_be_unready_and_stale() -> None:
    states = InMemoryDeviceStates(stale_after_s=30)
    states.set_user("phone-1", UserState("ana", Status.ENABLED))
    states.pass_without_kafka(30)
    assert states.may_use("phone-1", "ana")
    states.pass_without_kafka(1)
    answer = states.may_use("phone-1", "ana")
    assert (bool(answer), answer.why) == (False, UnknownReason.STALE)
    assert states.staleness_s == 31
    assert states.device("phone-1") is None
    states.become_ready()
    assert states.may_use("phone-1", "ana")
    states.become_unready()
    assert states.may_use("phone-1", "ana").why is UnknownReason.NOT_READY
    assert (states.is_ready, states.staleness_s) == (False, None)


def test_a_now_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        InMemoryDeviceStates().may_use("phone-1", "ana", now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_user_is_set_beside_others_and_a_device_is_forgotten() -> None:
    states = InMemoryDeviceStates()
    for name in ("ana", "ben", "ana"):
        states.set_user("phone-1", UserState(name, Status.ENABLED))
    device = states.device("phone-1")
    assert device is not None
    assert [user.user_id for user in device.users] == ["ben", "ana"]
    assert len(states) == 1
    states.forget("phone-1")
    assert len(states) == 0
