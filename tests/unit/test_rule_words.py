# Goal: every answer that biolatch can give has its rule in words, and rules have their numbers.
import re
from pathlib import Path

import pytest

from deploy.inspection.rule_words import rule_of_decision, rule_of_verdict
from events.decisions import DECISION_TYPES
from events.vocabulary import (
    AttemptOutcome,
    DisabledReason,
    FallbackReason,
    RearmedReason,
    RefusedReason,
)

RULES = (Path(__file__).parents[2] / "docs/reference/rules.md").read_text(encoding="utf-8")
REASONS = {
    "disabled": list(DisabledReason),
    "fallback-required": list(FallbackReason),
    "rearmed": list(RearmedReason),
}
DECISIONS = [
    f"{name}({reason})" if reason else name
    for name in (each.event_type.split(".")[2] for each in DECISION_TYPES)
    for reason in REASONS.get(name, [""])
]


@pytest.mark.parametrize("name", DECISIONS)
def test_every_decision_has_its_rule(name: str) -> None:
    assert rule_of_decision(name)


@pytest.mark.parametrize("reason", RefusedReason)
def test_every_refusal_has_its_rule_by_number(reason: RefusedReason) -> None:
    words = rule_of_verdict("refused", event_type="", reason=reason, outcome="")
    numbers = re.findall(r"\d+[a-z]?", words.rpartition("(")[2])
    assert numbers
    for number in numbers:
        # The page says of that rule that it refuses so.
        rule = re.search(
            rf"^ *{number}\. (.*?)(?=^ *\d+[a-z]?\. |^#|\Z)", RULES, re.DOTALL | re.MULTILINE
        )
        assert rule is not None, number
        assert f"`{reason.value}`" in rule[1] or "biometric change" in rule[1], words


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_every_outcome_has_its_rule(outcome: AttemptOutcome) -> None:
    event_type = "biolatch.attempt.finished.v1"
    assert rule_of_verdict("failed", event_type=event_type, reason="", outcome=outcome)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("applied", "enrollment.submitted"),
        ("noted", "enrollment.declined"),
        ("applied", "enrollment.withdrawn"),
        ("noted", "enrollment.withdrawn"),
        ("applied", "enrollment.revoked"),
        ("noted", "enrollment.revoked"),
        ("applied", "attempt.password-accepted"),
        ("noted", "attempt.password-accepted"),
        ("applied", "biometrics.changed"),
        ("applied", "device.erased"),
    ],
)
def test_every_other_answer_has_its_rule(kind: str, event: str) -> None:
    assert rule_of_verdict(kind, event_type=f"biolatch.{event}.v1", reason="", outcome="")


def test_what_a_later_version_answers_has_none() -> None:
    assert rule_of_verdict("refused", event_type="", reason="new", outcome="") == ""
    assert rule_of_decision("new(reason)") == ""
