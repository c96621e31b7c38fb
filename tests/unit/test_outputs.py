import json
from typing import Any

import msgspec
import pytest
from hypothesis import given

from events.decisions import DECISION_TYPES, Decision, Enabled, FallbackRequired
from events.facts import DeviceErased, Fact
from events.public_state import PublicState, PublicUser
from events.verdicts import VERDICT_TYPES, Cause, Failed, Verdict
from events.vocabulary import (
    Channel,
    FallbackReason,
    Guidance,
    Offer,
    Status,
)
from schemas.outputs import public_state_record, public_state_value, verdict_and_decisions
from tests.unit.generated import STABLE, instances
from tests.unit.sound_records import NOW_MS, TIME, TIME_MS

ORIGIN = "biolatch.device-events/3/41"
FACT = Fact("event-1", "/backend", "phone-1", TIME_MS, NOW_MS, 41, DeviceErased())
CAUSE = Cause("biolatch.attempt.finished.v1", "/backend")
VERDICT = Failed(
    device_id="phone-1",
    user_id="user-1",
    policy_version="1",
    occurred_at=TIME,
    cause=CAUSE,
    guidance=Guidance.NONE,
    attempts_left=0,
)
FALLBACK = FallbackRequired(
    device_id="phone-1",
    user_id="user-1",
    policy_version="1",
    occurred_at=TIME,
    cause=CAUSE,
    guidance=Guidance.USE_PASSWORD,
    bio_epoch=0,
    reason=FallbackReason.TOO_MANY_FAILURES,
)
ENABLED = Enabled(
    device_id="phone-1",
    user_id="user-1",
    policy_version="1",
    occurred_at=TIME,
    cause=CAUSE,
    guidance=Guidance.NONE,
    bio_epoch=1,
    channel=Channel.SETTINGS,
)


def test_a_verdict_and_its_decisions_are_numbered_in_their_order() -> None:
    verdict, decisions = verdict_and_decisions(ORIGIN, FACT, VERDICT, [ENABLED, FALLBACK])
    types = [
        (dict(headers)["ce_id"], dict(headers)["ce_type"])
        for _, _, headers in (verdict, *decisions)
    ]
    assert types == [
        (b"biolatch.device-events/3/41/0", b"biolatch.verdict.failed.v1"),
        (b"biolatch.device-events/3/41/1", b"biolatch.decision.enabled.v1"),
        (b"biolatch.device-events/3/41/2", b"biolatch.decision.fallback-required.v1"),
    ]


def test_an_output_is_a_cloudevent_with_the_key_of_its_input() -> None:
    (key, value, headers), decisions = verdict_and_decisions(ORIGIN, FACT, VERDICT, [])
    assert not decisions
    assert key == b"phone-1"
    assert len(headers) == len(dict(headers))
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"biolatch.device-events/3/41/0",
        "ce_source": b"/biolatch",
        "ce_type": b"biolatch.verdict.failed.v1",
        "ce_subject": b"phone-1",
        "ce_time": b"2026-02-01T00:00:00.249Z",
        "ce_causationid": b"event-1",
        "content-type": b"application/json",
    }
    assert json.loads(value or b"") == {
        "device_id": "phone-1",
        "user_id": "user-1",
        "policy_version": "1",
        "occurred_at": TIME,
        "cause": {"type": "biolatch.attempt.finished.v1", "source": "/backend"},
        "guidance": "none",
        "attempts_left": 0,
    }


@pytest.mark.parametrize("output_type", [*VERDICT_TYPES, *DECISION_TYPES])
def test_what_does_not_apply_is_absent_and_all_else_is_there(
    output_type: type[Verdict | Decision],
) -> None:
    @STABLE
    @given(instances(output_type))
    def check(output: Any) -> None:  # noqa: ANN401 - one of the types above
        if isinstance(output, VERDICT_TYPES):
            (_, value, headers), _ = verdict_and_decisions(ORIGIN, FACT, output, [])
        else:
            _, [(_, value, headers)] = verdict_and_decisions(ORIGIN, FACT, VERDICT, [output])
        assert dict(headers)["ce_type"].decode() == output_type.event_type
        fields = msgspec.structs.asdict(output) | {"cause": msgspec.structs.asdict(output.cause)}
        said = {name: field for name, field in fields.items() if field is not None}
        assert json.loads(value or b"") == said
        assert msgspec.json.decode(value or b"", type=output_type) == output

    check()


def test_every_output_type_has_a_name_of_its_own() -> None:
    verdicts = [verdict.event_type for verdict in VERDICT_TYPES]
    decisions = [decision.event_type for decision in DECISION_TYPES]
    assert verdicts == [
        f"biolatch.verdict.{name}.v1"
        for name in ("accepted", "failed", "not-counted", "applied", "noted", "refused")
    ]
    assert decisions == [
        f"biolatch.decision.{name}.v1"
        for name in (
            "enabled",
            "re-enabled",
            "disabled",
            "fallback-required",
            "rearmed",
            "re-enable-required",
            "refresh-advised",
            "rebaselined",
        )
    ]


def test_a_public_state_says_null_where_nothing_applies() -> None:
    absent = PublicUser(
        status=Status.ABSENT,
        reason=None,
        since=None,
        guidance=Guidance.NONE,
        offer=Offer.SETTINGS_ONLY,
        prompt_not_before=None,
        prompt_label=None,
        fallback_login_id=None,
        wait_until=None,
    )
    state = PublicState(device_id="phone-1", bio_epoch=0, users={"b": absent, "a": absent})
    key, value, headers = public_state_record(b"phone-1", ORIGIN, public_state_value(state))
    assert key == b"phone-1"
    assert headers == (("biolatch-as-of", b"biolatch.device-events/3/41"),)
    user = {
        "status": "absent",
        "reason": None,
        "since": None,
        "guidance": "none",
        "offer": "settings_only",
        "prompt_not_before": None,
        "prompt_label": None,
        "fallback_login_id": None,
        "wait_until": None,
    }
    read = json.loads(value or b"")
    assert read == {"device_id": "phone-1", "bio_epoch": 0, "users": {"b": user, "a": user}}
    assert list(read["users"]) == ["b", "a"]


def test_a_device_without_users_has_a_tombstone() -> None:
    record = public_state_record(b"phone-1", ORIGIN, public_state_value(None))
    assert record == (b"phone-1", None, (("biolatch-as-of", b"biolatch.device-events/3/41"),))


@STABLE
@given(instances(PublicState))
def test_a_public_state_is_read_as_it_was_written(state: PublicState) -> None:
    value = public_state_value(state)
    assert msgspec.json.decode(value or b"", type=PublicState) == state
