"""The example backend over HTTP, with a real Kafka and a real worker behind it."""

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from biolatch_client import KafkaConnection
from login_service.main import create

ANSWER_WAIT_S = 60.0
"""The worker may still be starting."""


@pytest.fixture
def client(
    served: KafkaConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setenv("KAFKA", served.bootstrap_servers)
    monkeypatch.setenv("DATABASE", f"sqlite:///{tmp_path / 'login.db'}")
    monkeypatch.setenv("PASSWORD_OF_ALL", "sesame")
    with TestClient(create()) as client:
        yield client


class Phone:
    """Ana's phone, talking to the service."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.names = {"device_id": f"phone-{uuid.uuid4().hex[:8]}", "user_id": "ana"}
        self.epoch, self.key, self.seq = 1, 0, 0

    def logs_in_with_password(self) -> str:
        answer = self.client.post("/login/password", json={**self.names, "password": "sesame"})
        assert answer.status_code == 200, answer.text
        login_id: str = answer.json()["login_id"]
        return login_id

    def enables(self, login_id: str) -> None:
        self.key, self.seq = self.key + 1, 0
        enabling = {
            "login_id": login_id,
            "channel": "login_prompt",
            "method": "face",
            "platform": "ios",
            "key_id": f"key-{self.key}",
            "bio_epoch": self.epoch,
            "os_biometrics": "ready",
        }
        assert self.client.post("/biometrics/enable", json=enabling).status_code == 202

    def scans(self, outcome: str = "matched") -> dict[str, Any]:
        self.seq += 1
        scan = {
            **self.names,
            "outcome": outcome,
            "key_id": f"key-{self.key}",
            "bio_epoch": self.epoch,
            "seq": self.seq,
        }
        answer: dict[str, Any] = self.client.post("/login/biometric", json=scan).json()
        return answer

    def changes(self) -> None:
        self.epoch += 1
        change = {"bio_epoch": self.epoch, "change": "added", "device_id": self.names["device_id"]}
        assert self.client.post("/biometrics/changed", json=change).status_code == 202

    def waits_until(self, **shown: object) -> None:
        """What is published takes its way through Kafka and the worker."""
        give_up_at = time.monotonic() + ANSWER_WAIT_S
        while (seen := self.shows()) != {**seen, **shown}:
            assert time.monotonic() < give_up_at, seen
            time.sleep(0.05)

    def shows(self) -> dict[str, Any]:
        path = f"/biometrics/{self.names['device_id']}/{self.names['user_id']}"
        shown: dict[str, Any] = self.client.get(path).json()
        return shown


def test_a_person_enables_logs_in_changes_a_finger_and_enables_again(client: TestClient) -> None:
    phone = Phone(client)
    assert phone.shows() == {"may": False, "guidance": "none", "offer": None}
    assert phone.scans() == {"signed_in": False, "guidance": "use_password"}

    phone.enables(phone.logs_in_with_password())
    phone.waits_until(may=True)
    assert phone.scans()["signed_in"]

    phone.changes()
    phone.waits_until(may=False, guidance="re_enable", offer="prompt")
    assert phone.scans() == {"signed_in": False, "guidance": "re_enable"}

    phone.enables(phone.logs_in_with_password())
    phone.waits_until(may=True)
    assert phone.scans()["signed_in"]

    for _ in range(5):
        assert not phone.scans("rejected")["signed_in"]
    phone.waits_until(may=False, guidance="use_password")
    phone.logs_in_with_password()
