"""A story whose promise is not kept: the demo says so, goes on, and fails."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer

from deploy.commands import demo
from deploy.demo.backend_process import phone_backend
from deploy.demo.observer import OutputCounts
from deploy.demo.player import Outcome, Played, Player
from deploy.demo.presenter import Summary
from deploy.demo.script import Row, Step, accepted, applied, decided, step
from deploy.demo.story.people import Person
from schemas.topics import DEVICE_EVENTS
from tests.journeys.journey import Clients, Journey

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Listener:
    """An audience that takes notes."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def row_begins(self, number: int, row: Row) -> None:
        self.notes.append((number, row.name))

    def publishes(self, row: Row, step: Step) -> None:
        del row
        self.notes.append(step.event.name)

    def hears(self, row: Row, step: Step, outcome: Outcome) -> None:
        del row, step
        self.notes.append(outcome.differences)

    def row_ends(self, number: int, row: Row, *, kept: bool) -> None:
        del number, row
        self.notes.append(kept)


async def test_difference_is_heard_and_the_story_goes_on(
    journey: Journey, clients: Clients, served_kafka: str, tmp_path: Path
) -> None:
    phone, ana = journey.phone(), Person("ana", "face")
    rows = [
        Row("wrong", "", (step("", phone.scans(ana, "matched"), accepted()),)),
        Row(
            "right", "", (step("", phone.enables(ana, "settings"), applied(), decided("enabled")),)
        ),
    ]
    listener = Listener()
    log = tmp_path / "log"
    async with phone_backend(served_kafka, DEVICE_EVENTS, log) as backend:
        player = Player(backend, clients.observer, listener, pace_s=0, answer_wait_s=20)
        played = await player.play(rows)
    assert listener.notes == [
        (1, "wrong"),
        "attempt.finished",
        ("verdict refused instead of accepted",),
        False,
        (2, "right"),
        "enrollment.submitted",
        (),
        True,
    ]
    assert played.rows == {"wrong": False, "right": True}


@pytest.mark.parametrize(
    ("changes", "exit_code"),
    [
        ({}, None),
        ({"rows": {"first": True, "second": False}}, 1),
        ({"rows": {"first": True}, "is_cut_short": True}, 1),
        ({"decisions_due": 3}, 1),
    ],
)
async def test_exit_code(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], exit_code: int | None
) -> None:
    played = Played(
        rows={"first": True, "second": True},
        events=Counter({"attempt.finished": 5}),
        decisions_due=2,
    )
    for name, value in changes.items():
        setattr(played, name, value)
    counts = OutputCounts(Counter(accepted=5), Counter(enabled=2), dead_letters=0, repeated=0)
    summary = Summary(rows=2, played=played, counts=counts, took_s=1.0, kept=None)
    monkeypatch.setattr(demo, "run_show", lambda _options, _presenter: summary)
    if exit_code is None:
        demo.demo()
    else:
        with pytest.raises(typer.Exit) as ended:
            demo.demo()
        assert ended.value.exit_code == exit_code
