"""A phone whose events are written as lines, the way `biolatch publish` reads them."""

import json
import time
import uuid
from pathlib import Path

from events.timestamps import format_rfc3339


class Phone:
    """One device of a test's own: its events in their order."""

    def __init__(self, name: str = "phone") -> None:
        self.device = f"{name}-{uuid.uuid4().hex[:12]}"
        self.lines: list[str] = []
        self._events = 0
        self._seq = 0

    def event(self, name: str, **data: object) -> None:
        """Something happened."""
        self._events += 1
        now = format_rfc3339(int(time.time() * 1000))
        event = {
            "specversion": "1.0",
            "id": f"{self.device}-{self._events}",
            "source": "/tests",
            "type": f"biolatch.{name}.v1",
            "subject": self.device,
            "time": now,
            "data": data,
        }
        self.lines.append(json.dumps(event))

    def enable(self, user: str, key: str, epoch: int = 1) -> None:
        """A user enables it."""
        self.event(
            "enrollment.submitted",
            user_id=user,
            channel="settings",
            method="fingerprint",
            platform="android",
            key_id=key,
            bio_epoch=epoch,
            os_biometrics="ready",
            password_verified_at=format_rfc3339(int(time.time() * 1000)),
        )

    def attempt(self, user: str, key: str, outcome: str, login: str, epoch: int = 1) -> None:
        """A prompt ended."""
        self._seq += 1
        self.event(
            "attempt.finished",
            user_id=user,
            login_id=login,
            place="sign_in",
            outcome=outcome,
            key_id=key,
            bio_epoch=epoch,
            seq=self._seq,
        )

    def written(self, folder: Path) -> str:
        """The lines as a file."""
        file = folder / f"{self.device}.jsonl"
        file.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        return str(file)
