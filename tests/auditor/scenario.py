"""Given, when, then, on the wire: examples of the design that a reader can check by hand.

Every event is one JSON object as a publisher sends it; the scenario puts it on one phone's
partition one second after the event before, unless told how much time passes.
"""

import json
from typing import Any

from tests.auditor.model import Model, Result
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord
from tests.auditor.times import SECOND, parse_time, write_time

TOPIC, PARTITION, DEVICE = "biolatch.device-events", 3, "phone-1"
START = parse_time("2026-03-01T09:00:00Z")
_NOW = "now"

Wire = dict[str, Any]


def _event(event_type: str, data: Wire) -> Wire:
    return {"type": f"biolatch.{event_type}.v1", "data": data}


def submitted(user_id: str, key_id: str, **changes: object) -> Wire:
    """An enabling in good order, right after the password."""
    data = {
        "user_id": user_id,
        "channel": "settings",
        "method": "face",
        "platform": "ios",
        "key_id": key_id,
        "bio_epoch": 1,
        "os_biometrics": "ready",
        "password_verified_at": _NOW,
        **changes,
    }
    return _event("enrollment.submitted", data)


def declined(user_id: str) -> Wire:
    """The user does not want to be asked."""
    return _event("enrollment.declined", {"user_id": user_id, "channel": "login_prompt"})


def withdrawn(user_id: str) -> Wire:
    """The user switches off."""
    return _event("enrollment.withdrawn", {"user_id": user_id, "channel": "settings"})


def revoked(user_id: str, *, allow_re_enable: bool) -> Wire:
    """An administrator switches off."""
    data = {"user_id": user_id, "reason_admin": "lost phone", "allow_re_enable": allow_re_enable}
    return _event("enrollment.revoked", data)


def attempt(user_id: str, outcome: str, seq: int, **changes: object) -> Wire:
    """An attempt under the key `key-1` at epoch 1."""
    data = {
        "user_id": user_id,
        "login_id": "login-1",
        "place": "sign_in",
        "outcome": outcome,
        "key_id": "key-1",
        "bio_epoch": 1,
        "seq": seq,
        **changes,
    }
    return _event("attempt.finished", data)


def password_accepted(user_id: str, login_id: str = "login-1") -> Wire:
    """The password was right."""
    data = {"user_id": user_id, "login_id": login_id, "place": "protected_page"}
    return _event("attempt.password-accepted", data)


def changed(bio_epoch: int, **changes: object) -> Wire:
    """Faces or fingers on the phone are others now."""
    data = {"bio_epoch": bio_epoch, "change": "added", "detected_by": "app_check", **changes}
    return _event("biometrics.changed", data)


def erased(user_id: str | None = None) -> Wire:
    """One user's data, or the device's, has to go."""
    return _event("device.erased", {} if user_id is None else {"user_id": user_id})


def dated(event: Wire, time: int) -> Wire:
    """The same with another `ce_time`."""
    return {**event, "time": write_time(time)}


def named(event: Wire, event_id: str) -> Wire:
    """The same with an id of its own."""
    return {**event, "id": event_id}


class Scenario:
    """One phone and its events; `then` and `state` say what has to come of them."""

    def __init__(self, **policy: Any) -> None:  # noqa: ANN401 - whatever the policy knows
        self.model = Model(Policy(version="7", **policy))
        self.now = START
        self.offset = 0
        self._result = Result(None, ())
        self._held = False

    def after(self, duration: int) -> "Scenario":
        """Let exactly so much time pass before the next event."""
        self.now += duration
        self._held = True
        return self

    def given(self, *events: Wire) -> "Scenario":
        """Events of the past."""
        for event in events:
            self.when(event)
        return self

    def when(self, event: Wire) -> "Scenario":
        """The event in question."""
        if not self._held:
            self.now += SECOND
        self._held = False
        self.offset += 1
        data = {
            name: write_time(self.now) if value == _NOW else value
            for name, value in event["data"].items()
        }
        attributes = {
            "specversion": "1.0",
            "id": event.get("id", f"event-{self.offset}"),
            "source": "/backend",
            "type": event["type"],
            "subject": DEVICE,
            "time": event.get("time", write_time(self.now)),
        }
        headers = [(f"ce_{name}", text.encode()) for name, text in attributes.items()]
        record = RawRecord(
            TOPIC,
            PARTITION,
            self.offset,
            self.now,
            DEVICE.encode(),
            json.dumps(data).encode(),
            [*headers, ("content-type", b"application/json")],
        )
        self._result = self.model.step(record)
        return self

    def then(self, verdict: str, *decisions: str, **fields: object) -> "Scenario":
        """Exactly this verdict, with these fields among others, and exactly these decisions.

        A decision is told as `type(reason) user`.
        """
        assert self._told() == (verdict, list(decisions))
        for name, value in fields.items():
            assert self.verdict.get(name) == value, name
        return self

    def state(self, user_id: str, **fields: object) -> "Scenario":
        """These fields of the user's public state, among others."""
        user = self.public_state()["users"][user_id]
        assert {name: user[name] for name in fields} == fields
        return self

    @property
    def verdict(self) -> Wire:
        """The data of the verdict on the last event."""
        assert self._result.verdict is not None, "a dead letter"
        return self._result.verdict.value

    @property
    def result(self) -> Result:
        """The records due for the last event."""
        return self._result

    def decision(self, number: int = 1) -> Wire:
        """The data of a decision on the last event, counted from 1."""
        return self._result.decisions[number - 1].value

    def public_state(self) -> Wire:
        """The phone's public state, which it must have."""
        state = self.model.public_state(TOPIC, PARTITION, DEVICE)
        assert state is not None, "no public state"
        return state

    def users(self) -> list[str]:
        """Whom the public state names."""
        return sorted(self.public_state()["users"])

    def _told(self) -> tuple[str, list[str]]:
        assert self._result.verdict is not None, "a dead letter"
        kind = self._result.verdict.headers["ce_type"].split(".")[2]
        reason = self.verdict.get("reason")
        told = []
        for decision in self._result.decisions:
            why = decision.value.get("reason") or decision.value.get("previous_reason")
            name = decision.headers["ce_type"].split(".")[2]
            told.append(f"{name}({why or ''}) {decision.value['user_id']}")
        return kind if reason is None else f"{kind} {reason}", told
