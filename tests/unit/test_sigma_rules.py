"""The Sigma rules: each fires on its story, and is silent on a near miss, in SQL on a database."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.processing.pipeline import ProcessingPipeline

from deploy.analytics.columns import COLUMNS
from events.vocabulary import DisabledReason, FallbackReason, RefusedReason
from tests.analytics.story import Story

RULES = Path(__file__).parents[2] / "deploy" / "sigma"
PIPELINE = RULES / "columns.yml"
CHANGED = DisabledReason.BIOMETRICS_CHANGED


class Case(NamedTuple):
    """What a rule is about, and what only looks like it."""

    fires: Callable[[Story], None]
    misses: Callable[[Story], None]


def re_enabled_after(minutes: float) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        story.changes("phone", 0)
        story.disabled("phone", "ana", 0, CHANGED)
        story.re_enables("phone", "ana", minutes, CHANGED)
        story.re_enables("other", "bob", 1, CHANGED)

    return told


def prompts(count: int, every_minutes: float) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        for number in range(count):
            tried = story.dismisses if number % 2 else story.fails
            tried(f"phone{number % 2}", "ana", number * every_minutes)
            story.logs_in("phone", "bob", number * every_minutes)

    return told


def enrollments(*who: tuple[str, str], every_minutes: float = 10) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        for number, (device, user) in enumerate(who):
            story.enrolls(device, user, number * every_minutes)
        story.enrollment_refused("phone", "eve", 5, RefusedReason.PASSWORD_TOO_OLD)

    return told


def disabled(reason: DisabledReason) -> Callable[[Story], None]:
    return lambda story: story.disabled("phone", "ana", 0, reason)


def refused(reason: RefusedReason, *devices: str) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        for minute, device in enumerate(devices):
            story.refused(device, "ana", minute, reason)

    return told


def letters(code: str, count: int, every_minutes: float = 1) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        for number in range(count):
            story.dead_letter(code, f"phone{number}", number * every_minutes)

    return told


def enrolled_after(reason: FallbackReason, minutes: float) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        story.enrolls("phone", "ana", 0)
        story.falls_back("phone", "ana", 60, reason)
        story.uses_password("phone", "ana", 61)
        story.re_enables("phone", "ana", 60 + minutes, CHANGED)

    return told


def revocations(count: int) -> Callable[[Story], None]:
    def told(story: Story) -> None:
        for number in range(count):
            story.revoked(f"phone{number}", "ana", number)
        story.disabled("phone", "ana", 5, DisabledReason.USER_REQUEST)

    return told


FAILURES = FallbackReason.TOO_MANY_FAILURES
FOUR_USERS = [("phone", f"user{number}") for number in range(4)]
THREE_PHONES = [(f"phone{number}", "ana") for number in range(3)]

CASES = {
    "biometrics_enabled_right_after_a_change": Case(re_enabled_after(9), re_enabled_after(11)),
    "biometric_prompt_fatigue": Case(prompts(10, 1), prompts(10, 1.3)),
    "device_enrolled_by_many_users": Case(
        enrollments(*FOUR_USERS), enrollments(*FOUR_USERS[:3], ("phone", "user0"))
    ),
    "user_enrolls_many_devices": Case(
        enrollments(*THREE_PHONES), enrollments(*THREE_PHONES, every_minutes=13 * 60)
    ),
    "biometric_failure_limit": Case(disabled(DisabledReason.FAILURE_LIMIT), disabled(CHANGED)),
    "biometric_attempt_replayed": Case(
        refused(RefusedReason.REPLAYED, "phone"), refused(RefusedReason.DUPLICATE, "phone")
    ),
    "device_signatures_forged": Case(
        refused(RefusedReason.SIGNATURE_INVALID, "phone", "phone", "phone"),
        refused(RefusedReason.SIGNATURE_INVALID, "phone", "other", "phone"),
    ),
    "untrusted_publisher": Case(
        letters("signature.missing", 5), letters("signature.missing", 5, every_minutes=16)
    ),
    "enrolled_right_after_failures": Case(
        enrolled_after(FAILURES, 25), enrolled_after(FallbackReason.USER_CHOICE, 25)
    ),
    "many_revocations": Case(revocations(20), revocations(19)),
}


def rule_files() -> list[Path]:
    return sorted(set(RULES.glob("*.yml")) - {PIPELINE})


@pytest.fixture
def fired() -> Iterator[Callable[[str, Callable[[Story], None]], bool]]:
    """Tells a story to a database, and asks whether a rule finds something in it."""
    database = sqlite3.connect(":memory:")

    def asked(rule: str, tell: Callable[[Story], None]) -> bool:
        story = Story()
        tell(story)
        names = [column.name for column in COLUMNS]
        marks = ", ".join("?" * len(names))
        database.execute(f"CREATE TABLE events ({', '.join(names)})")
        database.executemany(
            f"INSERT INTO events VALUES ({marks})",  # noqa: S608 - our own columns
            [row.cells for row in story.rows()],
        )
        backend = sqliteBackend(
            ProcessingPipeline.from_yaml(PIPELINE.read_text()),
            table="events",
            timestamp_field="time",
            timestamp_format="unix_ms",
        )
        queries = backend.convert(SigmaCollection.load_ruleset([RULES / f"{rule}.yml"]))
        return any(database.execute(query).fetchall() for query in queries)

    yield asked
    database.close()


def test_every_rule_has_its_case() -> None:
    assert [path.stem for path in rule_files()] == sorted(CASES)


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_fires_on_what_it_is_about(
    rule: str, fired: Callable[[str, Callable[[Story], None]], bool]
) -> None:
    assert fired(rule, CASES[rule].fires)


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_is_silent_on_a_near_miss(
    rule: str, fired: Callable[[str, Callable[[Story], None]], bool]
) -> None:
    assert not fired(rule, CASES[rule].misses)


@pytest.mark.parametrize("path", rule_files(), ids=lambda path: path.stem)
def test_a_rule_says_what_it_is_about_and_which_technique_it_sees(path: Path) -> None:
    first, *bases = yaml.safe_load_all(path.read_text())
    assert [tag for tag in first["tags"] if tag.startswith("attack.t")]
    assert first["falsepositives"]
    assert first["level"] in {"medium", "high"}
    ids = [each["id"] for each in (first, *bases)]
    assert len(set(ids)) == len(ids)
