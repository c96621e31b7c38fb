"""`biolatch analyse`: what people and machines read, and what is drawn."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from deploy.analytics.asking import Answer
from deploy.analytics.picture import picture
from deploy.analytics.questions import QUESTIONS, QuestionName
from deploy.bench.chart_file import draw
from deploy.bench.chart_style import DARK, LIGHT
from deploy.cli import run
from events.vocabulary import DisabledReason
from tests.analytics.story import Story

CHANGED = DisabledReason.BIOMETRICS_CHANGED
DAY = 24 * 60.0


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """A story with something for every question, kept where the settings say."""
    story = Story()
    story.enrolls("phone", "ana", 0, device_model="A1", os_version="27.0", app_version="2.0")
    story.enrolls("other", "bob", 0, device_model="B2", os_version="26.0", app_version="1.9")
    for minute in range(1, 5):
        story.fails("phone", "ana", minute)
        story.logs_in("other", "bob", minute)
    story.changes("phone", 10)
    story.disabled("phone", "ana", 10, CHANGED)
    story.re_enables("phone", "ana", 20, CHANGED)
    story.logs_in("phone", "ana", 21)
    story.disabled("other", "bob", 30, DisabledReason.FAILURE_LIMIT)
    story.dead_letter("signature.missing", "phone", 8 * DAY)
    monkeypatch.setenv("BIOLATCH_ANALYTICS__PARQUET_FOLDER", str(story.keep(tmp_path / "feed")))
    monkeypatch.setenv("COLUMNS", "140")
    return story


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("name", QuestionName)
def test_the_command_answers_people_and_machines_and_draws(
    name: QuestionName, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "picture.svg"
    assert run(("analyse", name.value, "--picture", str(file))) == 0
    said = capsys.readouterr()
    asks, headings, *lines = said.out.splitlines()
    assert asks == QUESTIONS[name].asks
    assert lines
    assert said.err.strip() == f"drawn: {file}"
    ET.parse(file)  # noqa: S314 - our own picture
    assert run(("analyse", name.value, "--json")) == 0
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["rows"]) == len(lines)
    assert [key.replace("_", " ") for key in answer["rows"][0]] == re.split(
        r" {2,}", headings.strip()
    )
    assert answer["question"] == name


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gaps", "--minutes", "5"), "gaps does not take it"),
        (("failures", "--by", "colour"), "choose one of device, user"),
    ],
)
def test_an_option_that_the_question_does_not_take_is_refused(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(("analyse", *arguments)) == 2
    assert says in capsys.readouterr().err


def test_without_a_folder_the_command_says_which_setting(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(("analyse", "gaps")) == 3
    assert "BIOLATCH_ANALYTICS__PARQUET_FOLDER" in capsys.readouterr().err


@pytest.mark.usefixtures("told")
def test_what_happened_before_is_left_out_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(("analyse", "untrusted", "--since", "2026-03-10", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == []


@pytest.mark.parametrize("name", QuestionName)
def test_an_answer_without_rows_is_a_picture_that_says_so(
    name: QuestionName, tmp_path: Path
) -> None:
    question = QUESTIONS[name]
    for colours in (LIGHT, DARK):
        draw(picture(question, Answer([], [], 7), colours), tmp_path / "empty.svg")
        text = (tmp_path / "empty.svg").read_text()
        assert question.nothing.split()[0] in text
        assert colours.paper in text
