"""The Python client's test data: scenarios and vectors, recorded from the real rules.

Owns which ones there are: the rows of the demo's story, so that a backend's tests and the demo tell
the same; one more for time that passes; and one event of each type.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec

from deploy.demo.script import Event, EventField, Step
from deploy.demo.story import story
from deploy.demo.story.people import Person, Phone
from deploy.inspection.standing import Answer, may_use_biometrics
from deploy.reference.client_recorder import Recorded, Recorder
from events.public_state import PublicState, PublicUser
from events.timestamps import format_rfc3339, parse_rfc3339

_BETWEEN_STEPS_S: Final = 1
_BETWEEN_ROWS_S: Final = 60


def scenarios_file() -> str:
    """`biolatch_client/testing/data/scenarios.json`."""
    return _written([*_story(), _wait()])


def vectors_file() -> str:
    """`biolatch_client/testing/data/vectors.json`."""
    return _written({"records": list(_records()), "answers": list(_answers())})


def _written(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _story() -> Iterator[dict[str, Any]]:
    recorder = Recorder()
    for row in story():
        devices = dict.fromkeys(step.event.device for step in row.steps)
        before = {device: recorder.state(device) for device in devices}
        steps = [_step(step.tells, _after_a_second(recorder, _sound(step))) for step in row.steps]
        recorder.passes(_BETWEEN_ROWS_S)
        if any(step.untraceable for step in row.steps):
            continue  # it shows what a publisher of ours refuses to send
        yield {"name": row.name, "promise": row.promise, "before": before, "steps": steps}


def _sound(step: Step) -> Event:
    """The step's event without what biolatch would ignore."""
    data = {name: value for name, value in step.event.data.items() if value != step.untraceable}
    return replace(step.event, data=data)


def _wait() -> dict[str, Any]:
    recorder, phone, person = Recorder(), Phone("gus-android", "android"), Person("gus", "face")
    steps = [_step("", _after_a_second(recorder, phone.enables(person, "settings")))]
    steps += [
        _step("", _after_a_second(recorder, phone.scans(person, "rejected"))) for _ in range(5)
    ]
    person.logs_in_again()
    steps.append(
        _step("Another login, too soon.", _after_a_second(recorder, phone.scans(person, "matched")))
    )
    recorder.passes(30)
    steps.append(
        _step("The wait is over.", _after_a_second(recorder, phone.scans(person, "matched")))
    )
    return {
        "name": "wait-after-failures",
        "promise": "After too many failed scans the next login has to wait.",
        "before": {phone.device: None},
        "steps": steps,
    }


def _after_a_second(recorder: Recorder, event: Event) -> Recorded:
    recorder.passes(_BETWEEN_STEPS_S)
    return recorder.plays(event)


def _step(tells: str, recorded: Recorded) -> dict[str, Any]:
    return {
        "tells": tells,
        "event": recorded.cloud_event,
        "verdict": recorded.verdict,
        "decisions": recorded.decisions,
        "state": recorded.state,
    }


def _records() -> Iterator[dict[str, Any]]:
    """One event of each type, and its record."""
    recorder, phone, person = Recorder(), Phone("phone-1", "ios"), Person("ana", "face")
    revoked: dict[str, EventField] = {
        "user_id": "ana",
        "reason_admin": "lost, “so she says”",
        "allow_re_enable": False,
    }
    for event in (
        phone.enables(person, "login_prompt"),
        phone.declines(person, "after_login_prompt"),
        phone.withdraws(person),
        Event("enrollment.revoked", phone.device, revoked),
        phone.scans(person, "rejected", "protected_page", scans=3, platform_code="-1"),
        phone.accepts_password(person),
        phone.changes("replaced"),
        Event("device.erased", phone.device, {}),
    ):
        recorded = recorder.plays(event)
        yield {"event": recorded.cloud_event, "record": recorded.record}


def _answers() -> Iterator[dict[str, Any]]:
    """Every state of the scenarios, and what biolatch itself says of its users."""
    states = dict.fromkeys(
        step["state"] for scenario in (*_story(), _wait()) for step in scenario["steps"]
    )
    for text in states:
        if text is None:
            continue
        state = msgspec.json.decode(text, type=PublicState)
        for user_id, user in state.users.items():
            for login_id in {None: 0, "another-login": 0, user.fallback_login_id: 0}:
                for now_ms in _instants(user):
                    answer = may_use_biometrics(user, now_ms=now_ms)
                    is_other = login_id not in (None, user.fallback_login_id)
                    yield {
                        "state": text,
                        "user_id": user_id,
                        "login_id": login_id,
                        "now": format_rfc3339(now_ms),
                        "may": answer is Answer.YES or (answer is Answer.OTHER_LOGIN and is_other),
                    }


def _instants(user: PublicUser) -> tuple[int, ...]:
    """Around the end of the wait, where there is one."""
    if user.wait_until is None:
        return (parse_rfc3339("2026-06-01T13:00:00.000Z"),)
    ends_ms = parse_rfc3339(user.wait_until)
    return (ends_ms - 1, ends_ms)
