"""The mapping to OCSF, row by row, as the page on security analytics promises it."""

from typing import Any

import pytest

from events.decisions import (
    Disabled,
    Enabled,
    FallbackRequired,
    Rearmed,
    Rebaselined,
    ReEnabled,
    ReEnableRequired,
    RefreshAdvised,
)
from events.facts import FACT_TYPES
from events.verdicts import Accepted, Applied, Cause, Failed, NotCounted, Noted, Refused
from events.vocabulary import (
    AttemptOutcome,
    Channel,
    DisabledReason,
    FallbackReason,
    Guidance,
    RearmedReason,
    RefusedReason,
)
from schemas.topics import DECISIONS, VERDICTS
from tests.analytics.feed import events_of, output_record
from tests.analytics.ocsf_validation import faults

SUBMITTED, DECLINED, WITHDRAWN, REVOKED, FINISHED, PASSWORD, CHANGED, ERASED = (
    fact.event_type for fact in FACT_TYPES
)
SAID = {
    "device_id": "phone-1",
    "user_id": "user-1",
    "policy_version": "1",
    "occurred_at": "2026-01-31T07:59:59.000Z",
    "guidance": Guidance.NONE,
}
LOGON, ENROLL, UNENROLL, DELETE, CONFIG, OTHER = 300201, 300406, 300407, 300404, 501901, 300499
ENABLE, DISABLE, SUSPEND, RESUME, FINDING = 300408, 300409, 300412, 300413, 200401
SUCCESS, FAILURE, NEITHER = 1, 2, 99


def told(topic: str, output: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any output
    events = events_of(topic, [output_record(output)])
    assert [fault for event in events for fault in faults(event)] == []
    return events


def rows(events: list[dict[str, Any]]) -> list[tuple[int, int, str | None]]:
    return [(each["type_uid"], each["status_id"], each.get("status_detail")) for each in events]


@pytest.mark.parametrize(
    ("kind", "cause", "more", "row"),
    [
        (Accepted, FINISHED, {}, (LOGON, SUCCESS, None)),
        (Failed, FINISHED, {"attempts_left": 4}, (LOGON, FAILURE, "rejected")),
        *(
            (NotCounted, FINISHED, {"outcome": outcome}, (LOGON, NEITHER, outcome.value))
            for outcome in AttemptOutcome
        ),
        (Applied, PASSWORD, {}, (LOGON, SUCCESS, "fallback")),
        (Noted, PASSWORD, {}, (LOGON, SUCCESS, None)),
        (Applied, SUBMITTED, {}, (ENROLL, SUCCESS, None)),
        (Noted, DECLINED, {}, (OTHER, SUCCESS, None)),
        (Applied, WITHDRAWN, {}, (UNENROLL, SUCCESS, "user_request")),
        (Noted, WITHDRAWN, {}, (UNENROLL, SUCCESS, "user_request")),
        (Applied, REVOKED, {}, (UNENROLL, SUCCESS, "admin")),
        (Noted, REVOKED, {}, (UNENROLL, SUCCESS, "admin")),
        (Applied, CHANGED, {}, (CONFIG, SUCCESS, "biometrics_changed")),
        (Applied, ERASED, {}, (DELETE, SUCCESS, None)),
    ],
)
def test_what_a_verdict_becomes(
    kind: type[Any], cause: str, more: dict[str, Any], row: tuple[int, int, str | None]
) -> None:
    [event] = told(VERDICTS, kind(**SAID, cause=Cause(cause, "/login"), **more))
    assert rows([event]) == [row]
    assert event["metadata"]["event_code"] == kind.event_type
    assert event["unmapped"]["cause"] == cause


@pytest.mark.parametrize("reason", RefusedReason)
@pytest.mark.parametrize(
    ("cause", "type_uid"),
    [
        (SUBMITTED, ENROLL),
        (DECLINED, OTHER),
        (WITHDRAWN, UNENROLL),
        (REVOKED, UNENROLL),
        (FINISHED, LOGON),
        (PASSWORD, LOGON),
        (CHANGED, CONFIG),
        (ERASED, DELETE),
    ],
)
def test_a_refusal_is_a_failure_of_what_was_tried(
    reason: RefusedReason, cause: str, type_uid: int
) -> None:
    events = told(VERDICTS, Refused(**SAID, cause=Cause(cause, "/login"), reason=reason))
    alarming = {RefusedReason.SIGNATURE_INVALID, RefusedReason.REPLAYED, RefusedReason.KEY_REUSED}
    finding = [(FINDING, 1, reason.value)] if reason in alarming else []
    assert rows(events) == [(type_uid, FAILURE, reason.value), *finding]


def test_an_attempt_of_an_erased_user_is_told_without_one() -> None:
    refused = Refused(
        **SAID | {"user_id": None},
        cause=Cause(FINISHED, "/login"),
        reason=RefusedReason.ERASED,
    )
    [event] = told(VERDICTS, refused)
    assert rows([event]) == [(OTHER, FAILURE, "erased")]
    assert "user" not in event["entity"]


LEVELS = {"biometrics_changed": 2, "os_biometrics_removed": 2, "failure_limit": 3}


@pytest.mark.parametrize("reason", DisabledReason)
def test_what_becomes_of_being_switched_off_and_on_again(reason: DisabledReason) -> None:
    off = told(DECISIONS, decided(Disabled, reason=reason))
    finding = [(FINDING, 1, reason.value)] if reason is DisabledReason.FAILURE_LIMIT else []
    assert rows(off) == [
        (DISABLE, SUCCESS, reason.value),
        (CONFIG, SUCCESS, reason.value),
        *finding,
    ]
    assert (off[1]["state_id"], off[1].get("security_level_id")) == (1, LEVELS.get(reason.value))
    on = told(DECISIONS, decided(ReEnabled, previous_reason=reason, channel=Channel.LOGIN_PROMPT))
    assert rows(on) == [(ENABLE, SUCCESS, reason.value), (CONFIG, SUCCESS, reason.value)]
    assert (on[1]["state_id"], on[1]["security_level_id"]) == (2, 1)
    assert on[1].get("prev_security_level_id") == LEVELS.get(reason.value)
    [asked] = told(DECISIONS, decided(ReEnableRequired, reason=reason))
    assert rows([asked]) == [(OTHER, SUCCESS, reason.value)]


@pytest.mark.parametrize("reason", FallbackReason)
def test_what_becomes_of_a_fallback(reason: FallbackReason) -> None:
    [event] = told(DECISIONS, decided(FallbackRequired, reason=reason))
    # Without biometrics on the phone nothing is suspended: it is switched off already.
    kind = OTHER if reason is FallbackReason.OS_BIOMETRICS_REMOVED else SUSPEND
    assert rows([event]) == [(kind, SUCCESS, reason.value)]


@pytest.mark.parametrize("reason", RearmedReason)
def test_what_becomes_of_its_end(reason: RearmedReason) -> None:
    [event] = told(DECISIONS, decided(Rearmed, reason=reason))
    assert rows([event]) == [(RESUME, SUCCESS, reason.value)]


def test_what_becomes_of_the_other_decisions() -> None:
    enabled = told(DECISIONS, decided(Enabled, channel=Channel.SETTINGS))
    assert rows(enabled) == [(ENABLE, SUCCESS, None), (CONFIG, SUCCESS, None)]
    advised = told(DECISIONS, decided(RefreshAdvised))
    assert rows(advised) == [(OTHER, SUCCESS, None)]
    assert advised[0]["activity_name"] == "Advise Refresh"
    kept = told(DECISIONS, decided(Rebaselined))
    assert rows(kept) == [(CONFIG, SUCCESS, "rebaselined")]
    assert kept[0]["metadata"]["uid"] == kept[0]["metadata"]["original_event_uid"]


def decided(kind: type[Any], **more: Any) -> Any:  # noqa: ANN401 - any decision
    return kind(**SAID, cause=Cause(FINISHED, "/login"), bio_epoch=1, **more)
