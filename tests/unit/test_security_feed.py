"""The mapping to OCSF: all of it, valid by the schemas of OCSF itself, masked and numbered."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analytics import SEQUENCE_KEY, AnalyticsAgent, of_output
from agents.core.policy import Policy
from agents.lane.port import Partition
from deploy.inspection.record_words import words_for
from deploy.records.topic_record import TopicRecord
from events.decisions import DECISION_TYPES, Decision, Disabled
from events.facts import FACT_TYPES
from events.verdicts import VERDICT_TYPES, Cause, Refused, Verdict
from events.vocabulary import DisabledReason, Guidance, RefusedReason
from schemas.malformed import MalformedCode
from schemas.ocsf.classes import CLASSES
from schemas.ocsf.masking import IdKind
from schemas.topics import DEAD_LETTERS, DECISIONS, SECURITY_EVENTS, VERDICTS
from tests.analytics.feed import (
    KEYS,
    MAPPINGS,
    Read,
    as_read,
    events_of,
    output_record,
    outputs_of,
    refused,
    replaced,
)
from tests.analytics.ocsf_validation import caption, faults
from tests.property.history import generate
from tests.unit.generated import STABLE, instances

FEW = settings(STABLE, max_examples=6)
CAUSES = [fact.event_type for fact in FACT_TYPES]


def words_agree(event: dict[str, Any]) -> None:
    """Each number has OCSF's own word beside it, unless it is 99, where the word is ours."""
    kind = event["class_uid"]
    for attribute in ("activity_id", "severity_id", "status_id", "action_id", "state_id"):
        number = event.get(attribute)
        if number is not None and number != 99:
            word = event["activity_name" if attribute == "activity_id" else attribute[:-3]]
            assert word == caption(kind, attribute, number)
    assert event["type_uid"] == kind * 100 + event["activity_id"]
    assert event["type_name"] == f"{event['class_name']}: {event['activity_name']}"


def check(events: list[dict[str, Any]]) -> None:
    assert events
    for event in events:
        assert faults(event) == []
        words_agree(event)
        assert event["metadata"]["version"] == "1.8.0"
    uids = [event["metadata"]["uid"] for event in events]
    assert len(set(uids)) == len(uids)


@pytest.mark.parametrize("verdict_type", VERDICT_TYPES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("cause", [*CAUSES, "biolatch.something.newer.v1"])
def test_every_verdict_on_every_cause_is_valid_ocsf(
    verdict_type: type[Verdict], cause: str
) -> None:
    reasons = list(RefusedReason) if verdict_type is Refused else [None]

    @FEW
    @given(verdict=instances(verdict_type), reason=st.sampled_from(reasons))
    def valid(verdict: Verdict, reason: RefusedReason | None) -> None:
        changes: dict[str, Any] = {"cause": Cause(cause, "/login")}
        if reason is not None:
            changes["reason"] = reason
        check(events_of(VERDICTS, [output_record(replaced(verdict, changes))]))

    valid()


@pytest.mark.parametrize("decision_type", DECISION_TYPES, ids=lambda each: each.__name__)
def test_every_decision_with_every_reason_is_valid_ocsf(decision_type: type[Decision]) -> None:
    @FEW
    @given(decision=instances(decision_type))
    def valid(decision: Decision) -> None:
        check(events_of(DECISIONS, [output_record(decision)]))

    valid()


@pytest.mark.parametrize("code", list(MalformedCode))
@pytest.mark.parametrize("key", [b"phone-1", b"\xff\xfe", b"", None])
def test_every_dead_letter_is_valid_ocsf(code: MalformedCode, key: bytes | None) -> None:
    check(events_of(DEAD_LETTERS, [dead_letter(code, key)]))


def dead_letter(
    code: str, key: bytes | None = b"phone-1", timestamp: str = "1700000000000"
) -> Read:
    headers = [
        ("biolatch-error-code", b"forged by whoever sent it"),
        ("ce_id", b"event-1"),
        ("biolatch-original-topic", b"biolatch.device-events"),
        ("biolatch-original-partition", b"3"),
        ("biolatch-original-offset", b"41"),
        ("biolatch-original-timestamp", timestamp.encode()),
        ("biolatch-error-code", code.encode()),
    ]
    return Read(5, 1_700_000_000_500, key, b"whatever", headers)


@pytest.mark.parametrize(
    ("seed", "events"),
    [
        (0, 400),
        (1, 80),
        *(pytest.param(seed, 1_500, marks=pytest.mark.drill) for seed in range(2, 8)),
    ],
)
def test_every_event_of_a_random_history_is_valid_masked_and_numbered(
    seed: int, events: int
) -> None:
    history = generate(seed=seed, events=events, signed=seed % 2 == 1)
    policy = Policy(version="7", device_signatures="required" if seed % 2 else "off")
    written = outputs_of(history, policy)
    raw_ids = {raw.key.decode(errors="replace") for raw in history.records if raw.key}
    raw_ids |= set(user_ids(written[VERDICTS]) | user_ids(written[DECISIONS]))
    for topic in written.keys() & MAPPINGS.keys():
        feed = events_of(topic, as_read(written[topic]))
        check(feed)
        assert len(feed) >= len(written[topic])
        numbers = [event["metadata"]["sequence"] for event in feed]
        assert numbers == list(range(1, len(feed) + 1))
        assert not raw_ids & set(texts(feed))
        if topic != DEAD_LETTERS:
            assert {event["policy"]["version"] for event in feed} == {"7"}


def user_ids(records: Any) -> set[str]:  # noqa: ANN401 - written records
    return {user for _, value, _ in records if (user := json.loads(value).get("user_id"))}


def texts(value: object) -> list[str]:
    """Every text in a JSON value."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for each in value.values() for text in texts(each)]
        case list():
            return [text for each in value for text in texts(each)]
        case _:
            return []


@pytest.mark.parametrize(
    ("reason", "severity"),
    [
        (RefusedReason.SIGNATURE_INVALID, "High"),
        (RefusedReason.REPLAYED, "Medium"),
        (RefusedReason.KEY_REUSED, "Medium"),
    ],
)
def test_what_smells_of_an_attack_is_a_finding_beside_its_event(
    reason: RefusedReason, severity: str
) -> None:
    first, finding = events_of(VERDICTS, [output_record(refused(reason))])
    assert (first["class_uid"], finding["class_uid"]) == (3004, 2004)
    assert finding["metadata"]["uid"] == f"{first['metadata']['uid']}#2004"
    assert (finding["severity"], finding["is_alert"]) == (severity, True)
    assert finding["finding_info"]["attacks"]
    assert finding["evidences"][0]["user"] == first["entity"]["user"]


def test_a_disable_is_told_as_an_act_and_as_a_state_and_at_the_limit_as_a_finding() -> None:
    decision = Disabled(
        device_id="phone-1",
        user_id="user-1",
        policy_version="1",
        occurred_at="2026-01-31T07:59:59.000Z",
        cause=Cause(CAUSES[4], "/login"),
        guidance=Guidance.RE_ENABLE,
        bio_epoch=3,
        reason=DisabledReason.FAILURE_LIMIT,
    )
    act, state, finding = events_of(DECISIONS, [output_record(decision)])
    assert (act["type_uid"], act["status_detail"]) == (300409, "failure_limit")
    assert (state["type_uid"], state["state_id"], state["security_level_id"]) == (501901, 1, 3)
    assert finding["type_uid"] == 200401
    assert len({each["metadata"]["correlation_uid"] for each in (act, state, finding)}) == 1
    assert act["metadata"]["original_time"] == "2026-01-31T07:59:59.000Z"
    assert act["time"] == 1_769_846_400_000


def test_a_badly_signed_event_is_an_alert_and_an_unreadable_one_is_not() -> None:
    letters = [
        dead_letter(MalformedCode.SIGNATURE_MISSING),
        dead_letter(MalformedCode.NOT_JSON, timestamp="no number"),
    ]
    untrusted, unreadable = events_of(DEAD_LETTERS, letters)
    assert (untrusted["is_alert"], unreadable["is_alert"]) == (True, False)
    assert untrusted["status_detail"] == "signature.missing"
    assert untrusted["metadata"]["uid"] == "biolatch.device-events/3/41/0"
    assert (untrusted["time"], unreadable["time"]) == (1_700_000_000_000, 1_700_000_000_500)
    device = KEYS(IdKind.DEVICE, "phone-1")
    assert (untrusted["device"]["uid"], untrusted["device"]["uid_alt"]) == device


def test_an_output_that_is_not_known_is_a_dead_letter_and_stops_nothing() -> None:
    good = output_record(refused(RefusedReason.REVOKED))
    changes: list[dict[str, bytes | None]] = [
        {"ce_type": b"biolatch.verdict.newer.v9"},
        {"ce_type": None},
        {"ce_id": b"\xff"},
        {"ce_time": b"yesterday"},
    ]
    bad = [good._replace(headers=[*{**dict(good.headers), **each}.items()]) for each in changes]
    bad += [good._replace(value=value) for value in (None, b"{", b"[]", b"\xff", b'{"reason":1}')]
    agent = AnalyticsAgent(of_output, KEYS)
    result = agent(Partition(VERDICTS, 0), {SEQUENCE_KEY: b"41"}, [*bad, good])
    assert len(result.outgoing[DEAD_LETTERS]) == len(bad) == agent.dead_letters.total()
    [(_, value, _)] = result.outgoing[SECURITY_EVENTS]
    assert json.loads(value or b"")["metadata"]["sequence"] == 42
    assert result.rows == {SEQUENCE_KEY: b"42"}
    letters = events_of(DEAD_LETTERS, as_read(result.outgoing[DEAD_LETTERS]))
    check(letters[:1])
    assert {each["metadata"]["log_name"] for each in letters} == {DEAD_LETTERS}


def test_an_event_travels_as_a_cloud_event_keyed_by_the_masked_device() -> None:
    agent = AnalyticsAgent(of_output, KEYS)
    record = output_record(refused(RefusedReason.REVOKED))
    [(key, value, headers)] = agent(Partition(VERDICTS, 0), {}, [record]).outgoing[SECURITY_EVENTS]
    given = {name: (text or b"").decode() for name, text in headers}
    assert key == KEYS(IdKind.DEVICE, "phone-1").uid.encode()
    assert given["ce_subject"] == key.decode()
    assert given["ce_type"] == "biolatch.security-event.v1"
    assert given["ce_id"] == json.loads(value or b"")["metadata"]["uid"]
    assert given["ce_time"] == "2026-01-31T08:00:00.000Z"
    assert given["ce_dataschema"].startswith(
        "https://schema.ocsf.io/schema/1.8.0/classes/entity_management?"
    )


def test_an_event_is_told_in_words_on_a_screen() -> None:
    record = output_record(refused(RefusedReason.SIGNATURE_INVALID))
    sent = AnalyticsAgent(of_output, KEYS)(Partition(VERDICTS, 0), {}, [record]).outgoing
    said = [
        words_for(TopicRecord(Partition(SECURITY_EVENTS, 0), 0, 0, key, value, tuple(headers)))
        for key, value, headers in [*sent[SECURITY_EVENTS], (None, b"no event", [])]
    ]
    finding = "Event without a valid signature of the device (signature_invalid)"
    assert said == [
        ("Entity Management: Enroll", "Enroll: biometric login, failure (signature_invalid)", ""),
        ("Detection Finding: Create", finding, "red"),
        ("event", "its value cannot be read", "red"),
    ]


def test_all_classes_of_the_feed_occur() -> None:
    written = outputs_of(generate(seed=5, events=400), Policy())
    seen = {
        event["class_uid"]
        for topic in (VERDICTS, DECISIONS, DEAD_LETTERS)
        for event in events_of(topic, as_read(written[topic]))
    }
    assert seen == {kind.uid for kind in CLASSES}
