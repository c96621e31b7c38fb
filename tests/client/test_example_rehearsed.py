"""The example backend without Kafka: given its events, expect biolatch's decisions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from starlette.testclient import TestClient

from biolatch_client import EventMethods, NotAcknowledged, Status, UserState
from biolatch_client.outbox import OutboxRelay
from biolatch_client.records import EventRecord
from biolatch_client.testing import (
    InMemoryDeviceStates,
    InMemoryPublisher,
    Rehearsal,
    scenarios,
)
from login_service import storage
from login_service.application import Services, application

Serve = Callable[[EventMethods, InMemoryDeviceStates], TestClient]
ANA = {"device_id": "ana-iphone", "user_id": "ana"}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    engine = create_engine(f"sqlite:///{tmp_path / 'login.db'}")
    storage.metadata.create_all(engine)

    def with_these(publisher: EventMethods, states: InMemoryDeviceStates) -> TestClient:
        services = Services(publisher, states, engine, lambda _user, given: given == "sesame")
        return TestClient(application(services))

    yield with_these
    engine.dispose()


def scan(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**ANA, "outcome": "matched", "key_id": "ana-key-1", "bio_epoch": 1, "seq": 1, **changes}


async def test_a_change_found_at_login_is_refused_with_guidance(serve: Serve) -> None:
    scenario = scenarios()["change-detected-at-login"]
    [step] = scenario.steps
    asked = step.event.model_dump(mode="json", exclude={"login_id", "place", "scans"})

    async with Rehearsal(scenario, ignoring={"login_id"}) as rehearsal:
        client = serve(rehearsal, rehearsal.states)
        asked = {name: value for name, value in asked.items() if value is not None}
        answer = client.post("/login/biometric", json={"device_id": step.device_id, **asked})
        assert answer.json() == {"signed_in": False, "guidance": "use_password"}
        assert [each.kind for each in rehearsal.decisions] == ["disabled", "re-enable-required"]
        again = client.get("/biometrics/ana-iphone/ana").json()
        assert again == {"may": False, "guidance": "re_enable", "offer": "prompt"}
    rehearsal.require_complete()


async def test_a_view_that_is_stale_lets_nobody_in_and_the_password_works(serve: Serve) -> None:
    states = InMemoryDeviceStates()
    states.set_user("ana-iphone", UserState("ana", Status.ENABLED))
    async with InMemoryPublisher() as publisher:
        client = serve(publisher, states)
        assert client.post("/login/biometric", json=scan()).json()["signed_in"]
        states.pass_without_kafka(3600)
        refused = client.post("/login/biometric", json=scan())
        assert refused.status_code == 403
        assert refused.json() == {"signed_in": False, "guidance": "use_password"}
        publisher.fail_next(NotAcknowledged("event-1", "Kafka is away"))
        assert client.post("/login/biometric", json=scan()).status_code == 503
        password = client.post("/login/password", json={**ANA, "password": "sesame"})
        assert password.json()["signed_in"]
        assert client.post("/login/password", json={**ANA, "password": "x"}).status_code == 401


async def test_an_enabling_is_written_with_its_login_and_sent_by_the_relay(
    serve: Serve, tmp_path: Path
) -> None:
    sent: list[EventRecord] = []

    class Sending:
        async def publish_record(self, record: EventRecord) -> None:
            sent.append(record)

    async with InMemoryPublisher() as publisher:
        client = serve(publisher, InMemoryDeviceStates())
        login = client.post("/login/password", json={**ANA, "password": "sesame"}).json()
        enabling = {
            "login_id": login["login_id"],
            "channel": "login_prompt",
            "method": "face",
            "platform": "ios",
            "key_id": "ana-key-1",
            "bio_epoch": 1,
            "os_biometrics": "ready",
        }
        assert client.post("/biometrics/enable", json=enabling).status_code == 202
        unknown = {**enabling, "login_id": "made-up"}
        assert client.post("/biometrics/enable", json=unknown).status_code == 403
        assert client.post("/biometrics/enable", json={**enabling, "x": 1}).status_code == 400
        engine = create_engine(f"sqlite:///{tmp_path / 'login.db'}")
        assert await OutboxRelay(engine, storage.outbox, Sending()).relay_some() == 2
        engine.dispose()
    assert [dict(each.headers)["ce_type"].decode() for each in sent] == [
        "biolatch.attempt.password-accepted.v1",
        "biolatch.enrollment.submitted.v1",
    ]
