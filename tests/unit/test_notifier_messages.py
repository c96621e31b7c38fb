"""Which decision needs which message, and what the messages say."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fluent.syntax import FluentParser, ast
from jsonschema import Draft202012Validator

from agents.notifier.catalogues import Catalogues, locales_there_are
from agents.notifier.messages import Message, message_of
from agents.notifier.notifications import sendable
from deploy.reference.notifications import every_decision
from events.decisions import DECISION_TYPES, Decision
from events.errors import MalformedInput, Misconfigured
from events.verdicts import Noted
from events.vocabulary import DisabledReason, FallbackReason, Guidance, PromptLabel
from schemas.export import json_schemas
from schemas.notifications import Notification, notification_id
from schemas.output_records import read_output

LOCALES = ("en", "de")
CATALOGUES_FOLDER = Path(__file__).parents[2] / "agents" / "notifier" / "locales"
CATALOGUES = Catalogues(LOCALES)
EVERY: list[Decision] = [case.decision for case in every_decision()]
MESSAGES: list[Message] = [m for m in map(message_of, EVERY) if m is not None]
LABELS = [*PromptLabel, None]


def headers(decision: Decision, **changes: bytes | None) -> list[tuple[str, bytes | None]]:
    given: dict[str, bytes | None] = {
        "ce_id": b"biolatch.device-events/0/7/1",
        "ce_time": b"2026-01-31T08:00:00.000Z",
        "ce_type": decision.event_type.encode(),
    }
    return list({**given, **changes}.items())


def test_every_type_and_every_reason_of_it_is_in_the_table() -> None:
    found: dict[type, set[object]] = defaultdict(set)
    for decision in EVERY:
        found[type(decision)].add(getattr(decision, "reason", None))
    assert set(found) == set(DECISION_TYPES)
    for decision_type in DECISION_TYPES:
        field = {each.name: each for each in msgspec.structs.fields(decision_type)}.get("reason")
        assert found[decision_type] == (set(field.type) if field else {None})


def test_guidance_and_message_agree() -> None:
    # What the decision says to machines, the message says to people.
    links = {
        Guidance.RE_ENABLE: "enable_biometrics",
        Guidance.OPEN_DEVICE_SETTINGS: "open_device_settings",
        Guidance.USE_PASSWORD: "password",
        Guidance.REFRESH_BIOMETRICS: "open_device_settings",
    }
    for case in every_decision():
        message = message_of(case.decision)
        guided = links.get(case.decision.guidance)
        if message is None or guided is None:
            continue
        if getattr(case.decision, "reason", None) == FallbackReason.OS_BIOMETRICS_REMOVED:
            guided = "open_device_settings"  # the password now, but what to do is in the settings
        assert message.deep_link == guided, case


def test_no_message_tells_which_check_failed() -> None:
    # Whoever reads it learns nothing from which of these reasons it was.
    for kind, reasons in (
        ("disabled", {DisabledReason.FAILURE_LIMIT, DisabledReason.BIOMETRICS_CHANGED}),
        (
            "fallback-required",
            {
                FallbackReason.TOO_MANY_FAILURES,
                FallbackReason.DEVICE_LOCKED,
                FallbackReason.SENSOR_UNAVAILABLE,
            },
        ),
        (
            "re-enable-required",
            {
                DisabledReason.FAILURE_LIMIT,
                DisabledReason.BIOMETRICS_CHANGED,
                DisabledReason.ADMIN,
            },
        ),
    ):
        told = {
            message_of(decision)
            for decision in EVERY
            if f".{kind}." in decision.event_type
            and getattr(decision, "reason", None) in reasons
            and decision.login_id is None
        } - {None}
        assert len(told) == 1, kind


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_speaks_of_failures_counts_or_locks(locale: str) -> None:
    said = re.compile(
        r"\b(fail|attempt|tries|too many|locked|rejected|wrong|match|admin|"
        r"fehl|versuch|gesperrt|abgelehnt|falsch)",
        re.IGNORECASE,
    )
    for message in MESSAGES:
        for label in LABELS:
            text = CATALOGUES.texts(message, label)[locale]
            for words in (text.title, text.body, *text.steps):
                assert not said.search(words), words


def _entries(locale: str) -> Iterator[ast.Message]:
    text = (CATALOGUES_FOLDER / f"{locale}.ftl").read_text(encoding="utf-8")
    for entry in FluentParser().parse(text).body:
        assert not isinstance(entry, ast.Junk), entry.content
        if isinstance(entry, ast.Message):
            yield entry


def test_every_language_has_every_text_and_none_too_many() -> None:
    assert locales_there_are() == sorted(LOCALES)
    needed = {"feature"} | {message.name.value for message in MESSAGES}
    needed |= {step for message in MESSAGES for step in message.steps}
    for locale in LOCALES:
        there = {entry.id.name for entry in _entries(locale)} - {"feature-first"}
        assert there == needed, locale


def test_the_word_for_the_check_is_the_device_s_own() -> None:
    message = MESSAGES[0]
    titles = {label: CATALOGUES.texts(message, label)["en"].title for label in LABELS}
    assert titles[PromptLabel.FACE_ID] == "Face ID is on"
    assert titles[PromptLabel.TOUCH_ID] == "Touch ID is on"
    assert titles[PromptLabel.FACE] == "Face recognition is on"
    assert titles[PromptLabel.FINGERPRINT] == "Fingerprint recognition is on"
    assert titles[None] == "Face or fingerprint recognition is on"


def test_every_notification_is_as_its_contract_says_and_names_no_reason() -> None:
    schema = json_schemas()[Notification.event_type]
    validator = Draft202012Validator(schema)
    for decision in EVERY:
        made = sendable(msgspec.json.encode(decision), headers(decision), CATALOGUES)
        assert (made is None) == (message_of(decision) is None)
        if made is None:
            continue
        payload = msgspec.json.decode(made.body)
        validator.validate(payload)
        assert list(payload["data"]["texts"]) == list(LOCALES)
        assert not {"reason", "reason_admin", "guidance", "wait_until"} & payload["data"].keys()
        assert b"lost" not in made.body  # the administrator's reason


def test_the_id_is_the_same_for_a_repeat_and_for_nothing_else() -> None:
    decision = EVERY[0]
    value = msgspec.json.encode(decision)
    first, repeat = (sendable(value, headers(decision), CATALOGUES) for _ in range(2))
    assert first == repeat
    assert first is not None
    assert re.fullmatch(r"msg_[0-9a-f]{32}", first.id)
    ids = {notification_id(a, b) for a in ("x/0/1/1", "x/0/1/2") for b in ("t1", "t2")}
    assert len(ids) == 4


def test_a_type_of_a_later_version_is_passed_over() -> None:
    decision = EVERY[0]
    later = headers(decision, ce_type=b"biolatch.decision.celebrated.v1")
    assert sendable(b"{}", later, CATALOGUES) is None


def test_a_verdict_is_passed_over() -> None:
    members = {"device_id", "user_id", "policy_version", "occurred_at", "cause", "guidance"}
    decision = msgspec.to_builtins(EVERY[0])
    value = msgspec.json.encode({name: decision[name] for name in members})
    verdict = headers(EVERY[0], ce_type=Noted.event_type.encode())
    assert read_output(value, verdict) is not None
    assert sendable(value, verdict, CATALOGUES) is None


@pytest.mark.parametrize(
    ("value", "changes", "code"),
    [
        (None, {}, "decision.data-unreadable"),
        (b"{", {}, "decision.data-unreadable"),
        (b"{}", {}, "decision.data-unreadable"),
        (b'{"device_id":"\xff"}', {}, "decision.data-unreadable"),
        (b"{}", {"ce_id": None}, "decision.header-missing"),
        (b"{}", {"ce_type": b""}, "decision.header-missing"),
        (msgspec.json.encode(EVERY[0]), {"ce_id": b"\xff"}, "decision.header-unreadable"),
        (msgspec.json.encode(EVERY[0]), {"ce_time": b"yesterday"}, "decision.header-unreadable"),
    ],
)
def test_what_is_no_decision_is_said_so(
    value: bytes | None, changes: dict[str, bytes | None], code: str
) -> None:
    with pytest.raises(MalformedInput) as refused:
        sendable(value, headers(EVERY[0], **changes), CATALOGUES)
    assert refused.value.code == code


def test_a_language_that_nobody_has_written_is_refused_and_told() -> None:
    with pytest.raises(Misconfigured, match=r"no catalogue fr; there are de, en"):
        Catalogues(["en", "fr"])
