"""The questions that come ready, on stories whose answers are counted by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agents.feed_keys import FeedKeys
from deploy.analytics.asking import ask
from deploy.analytics.questions import QUESTIONS, SQL, Parameter, QuestionName, sql_of
from events.errors import Misconfigured
from events.vocabulary import DisabledReason, FallbackReason, RefusedReason
from schemas.ocsf.masking import IdKind
from tests.analytics.feed import KEYS
from tests.analytics.story import Story

CHANGED = DisabledReason.BIOMETRICS_CHANGED
DAY = 24 * 60.0


def device(name: str) -> str:
    return KEYS(IdKind.DEVICE, name).uid


def user(name: str) -> str:
    """The mask of a user as answers have it: the lower one of the two."""
    return min(mask for mask in KEYS(IdKind.USER, name) if mask)


def stands_for(name: str) -> str:
    return min(mask for mask in KEYS(IdKind.DEVICE, name) if mask)


Asks = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def asks(story: Story, tmp_path: Path) -> Asks:
    """Keeps the story and asks a question about it."""

    def asked(name: QuestionName, **given: float | str) -> list[dict[str, Any]]:
        folder = tmp_path / "feed"
        if not folder.exists():
            story.keep(folder)
        parameters = {**QUESTIONS[name].parameters, **{Parameter(k): v for k, v in given.items()}}
        columns, rows, events = ask(folder, name, parameters)
        assert events == len(story.records)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    return asked


def test_a_change_and_a_login_soon_after(story: Story, asks: Asks) -> None:
    story.enrolls("phone", "ana", 0)
    story.logs_in("phone", "ana", 1)  # before the change: of no interest
    story.changes("phone", 10)
    story.disabled("phone", "ana", 10, CHANGED)
    story.re_enables("phone", "ana", 30, CHANGED)
    story.logs_in("phone", "ana", 32.5)
    story.logs_in("phone", "ana", 33)  # the second one
    story.enrolls("slow", "bob", 0)
    story.changes("slow", 10)
    story.logs_in("slow", "bob", 71)  # an hour and a minute
    story.logs_in("other", "eve", 11)  # another phone
    expected = {
        "device": stands_for("phone"),
        "user": user("ana"),
        "changed_at": "2026-03-01T08:10:00.000Z",
        "logged_in_at": "2026-03-01T08:32:30.000Z",
        "minutes": 22.5,
    }
    assert asks(QuestionName.CHANGE_THEN_SUCCESS) == [expected]
    assert asks(QuestionName.CHANGE_THEN_SUCCESS, minutes=22) == []
    assert len(asks(QuestionName.CHANGE_THEN_SUCCESS, minutes=61)) == 2


def test_who_fails_more_often_than_all_together(story: Story, asks: Asks) -> None:
    story.enrolls("bad", "ana", 0, app_version="2.0", os_version="19", device_model="Pixel")
    story.enrolls("good", "bob", 0, app_version="1.0", os_version="18", device_model="Pixel")
    for minute in range(1, 5):
        story.fails("bad", "ana", minute)
    for minute in range(1, 13):
        story.logs_in("good", "bob", minute)
    story.fails("good", "bob", 20)
    story.logs_in("good", "bob", 21)
    story.logs_in("bad", "ana", 22)
    story.logs_in("bad", "ana", 23)
    story.dismisses("bad", "ana", 24)  # neither one nor the other
    story.refused("bad", "ana", 25, RefusedReason.DISABLED)
    # 5 of 20 checks failed. Of 6 checks of the bad phone 1.5 would be expected, and 4 did.
    rows = asks(QuestionName.FAILURES)
    line = {"attempts": 6, "failures": 4, "expected": 1.5, "times": 2.7}
    assert rows == [{"of": stands_for("bad"), **line}]
    assert asks(QuestionName.FAILURES, by="user") == [{"of": user("ana"), **line}]
    assert asks(QuestionName.FAILURES, by="app-version") == [{"of": "2.0", **line}]
    assert asks(QuestionName.FAILURES, by="os-version") == [{"of": "iOS 19", **line}]
    assert asks(QuestionName.FAILURES, by="model") == []  # all have one model: nobody stands out
    assert asks(QuestionName.FAILURES, minimum=5) == []


def test_which_systems_are_switched_off_most_often(story: Story, asks: Asks) -> None:
    for number in range(4):
        story.enrolls(f"new{number}", "ana", 0, device_model="A1", os_version="27.0")
        story.enrolls(f"old{number}", "ana", 0, device_model="A1", os_version="26.0")
    for name in ("new0", "new1", "new2"):
        story.disabled(name, "ana", 5, CHANGED)
    story.disabled("new0", "ana", 6, DisabledReason.OS_BIOMETRICS_REMOVED)  # the same phone again
    story.disabled("old0", "ana", 7, DisabledReason.USER_REQUEST)  # no risk
    story.falls_back("old1", "ana", 8, FallbackReason.TOO_MANY_FAILURES)
    assert asks(QuestionName.DISABLE_RATE) == [
        {
            "model": "A1",
            "os": os,
            "devices": 4,
            "disabled": disabled,
            "disabled_percent": 25.0 * disabled,
            "fell_back": fell_back,
            "fell_back_percent": 25.0 * fell_back,
        }
        for os, disabled, fell_back in (("iOS 27.0", 3, 0), ("iOS 26.0", 0, 1))
    ]


def test_how_long_from_the_risk_until_it_was_switched_off(story: Story, asks: Asks) -> None:
    for number, reported_s in enumerate((1, 2, 3, 4, 100)):
        story.disabled(f"p{number}", "ana", number, CHANGED, reported_s=reported_s, told_s=0.25)
    story.disabled("p9", "ana", 9, DisabledReason.USER_REQUEST)
    # The 99th of 100 lies 0.96 of the way from the fourth to the fifth: 4 + 0.96 x 96.
    assert asks(QuestionName.REACTION_TIME) == [
        {
            "reason": "biometrics_changed",
            "disables": 5,
            "reported_p50_s": 3.0,
            "reported_p99_s": 96.16,
            "told_p50_s": 0.25,
            "told_p99_s": 0.25,
            "total_p50_s": 3.25,
            "total_p99_s": 96.41,
        }
    ]


def test_who_switched_what_on_again_and_why(story: Story, asks: Asks) -> None:
    story.enrolls("phone", "ana", 0)  # the first time: not again
    story.disabled("phone", "ana", 10, CHANGED)
    story.disabled("phone", "bob", 12, CHANGED)
    story.re_enables("phone", "ana", 25, CHANGED)
    story.re_enables("lost-history", "eve", 40, DisabledReason.ADMIN)
    common = {"channel": "login_prompt"}
    assert asks(QuestionName.RE_ENABLED) == [
        {
            "re_enabled_at": "2026-03-01T08:25:00.000Z",
            "user": user("ana"),
            "device": stands_for("phone"),
            "reason": "biometrics_changed",
            **common,
            "off_minutes": 15.0,
        },
        {
            "re_enabled_at": "2026-03-01T08:40:00.000Z",
            "user": user("eve"),
            "device": stands_for("lost-history"),
            "reason": "admin",
            **common,
            "off_minutes": None,
        },
    ]


def test_which_devices_are_stuck(story: Story, asks: Asks) -> None:
    story.disabled("stuck", "ana", 0, CHANGED)
    story.is_asked("stuck", "ana", 5, CHANGED)
    story.is_asked("stuck", "ana", DAY, CHANGED)
    story.is_asked("stuck", "bob", DAY, CHANGED)
    story.disabled("back", "ana", 0, CHANGED)
    story.re_enables("back", "ana", DAY, CHANGED)
    story.disabled("own-wish", "ana", 0, DisabledReason.USER_REQUEST)
    story.disabled("fresh", "ana", 2 * DAY, CHANGED)
    story.logs_in("other", "eve", 8 * DAY)  # the newest event
    stuck = {
        "device": stands_for("stuck"),
        "user": user("ana"),
        "reason": "biometrics_changed",
        "since": "2026-03-01T08:00:00.000Z",
        "days": 8.0,
        "asked": 2,
    }
    assert asks(QuestionName.STUCK) == [stuck]
    assert len(asks(QuestionName.STUCK, days=6)) == 2
    assert asks(QuestionName.STUCK, days=9) == []


def test_whether_the_feed_is_complete(story: Story, asks: Asks) -> None:
    for minute in range(10):
        story.logs_in("phone", "ana", minute)
    story.dead_letter("data.not_json", "phone", 3)
    del story.records[4:6]  # the fifth and the sixth
    story.records.append(story.records[0])
    assert asks(QuestionName.GAPS) == [
        {
            "topic": "biolatch.verdicts",
            "partition": 0,
            "first": 1,
            "last": 10,
            "events": 9,
            "missing": 2,
            "repeated": 1,
            "first_missing": 5,
        },
        {
            "topic": "biolatch.dead-letters",
            "partition": 0,
            "first": 1,
            "last": 1,
            "events": 1,
            "missing": 0,
            "repeated": 0,
            "first_missing": None,
        },
    ]


def test_which_events_were_not_signed_or_badly(story: Story, asks: Asks) -> None:
    story.dead_letter("signature.missing", "phone", 1)
    story.dead_letter("signature.missing", "other", 2)
    story.dead_letter("data.not_json", "phone", 3)
    story.refused("phone", "ana", 4, RefusedReason.SIGNATURE_INVALID)
    story.refused("phone", "ana", 5, RefusedReason.REPLAYED)
    assert asks(QuestionName.UNTRUSTED) == [
        {
            "reason": "signature.missing",
            "signer": "publisher",
            "events": 2,
            "devices": 2,
            "first_at": "2026-03-01T08:01:00.000Z",
            "last_at": "2026-03-01T08:02:00.000Z",
        },
        {
            "reason": "signature_invalid",
            "signer": "device",
            "events": 1,
            "devices": 1,
            "first_at": "2026-03-01T08:04:00.000Z",
            "last_at": "2026-03-01T08:04:00.000Z",
        },
    ]


def test_a_device_is_one_device_across_two_rotations_of_the_keys(tmp_path: Path) -> None:
    one, two, three = (f"key number {number}, of 32 bytes and more".encode() for number in range(3))
    rounds = ([one], [one, two], [two, one], [two], [two, three], [three, two], [three])
    records = []
    for number, keys in enumerate(rounds):
        story = Story(FeedKeys(keys))
        story.fails("phone", "ana", number)
        story.logs_in("other", "bob", number)
        records += story.records
    whole = Story()
    whole.records = records
    folder = whole.keep(tmp_path)
    answer = ask(folder, QuestionName.FAILURES, {Parameter.BY: "device", Parameter.MINIMUM: 1})
    assert [row[1:3] for row in answer.rows] == [[7, 7]]
    answer = ask(folder, QuestionName.FAILURES, {Parameter.BY: "user", Parameter.MINIMUM: 1})
    assert [row[1:3] for row in answer.rows] == [[7, 7]]


def test_every_query_is_a_question_s_and_takes_what_it_says() -> None:
    files = {path.name for path in SQL.glob("*.sql")} - {"events.sql"}
    assert files == {f"{name.replace('-', '_')}.sql" for name in QuestionName}
    for name, question in QUESTIONS.items():
        for parameter in Parameter:
            assert (f"${parameter}" in sql_of(name)) == (parameter in question.parameters)


def test_a_folder_without_files_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--agents parquet"):
        ask(tmp_path, QuestionName.GAPS, {})


def test_a_file_that_is_none_is_a_clear_error(story: Story, tmp_path: Path) -> None:
    story.logs_in("phone", "ana", 1)
    story.logs_in("phone", "ana", 2)
    folder = story.keep(tmp_path)
    next(folder.glob("day=*/*.parquet")).write_bytes(b"PAR1 no more")
    with pytest.raises(Misconfigured, match="cannot be asked"):
        ask(folder, QuestionName.GAPS, {})
