"""Playing events to the real rules, and keeping what came out: the client's recordings.

Owns the one way in which recordings are made: through the devices agent, record by record, so they
hold what a worker writes, to the byte.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import LatestRecord, OutgoingRecord, Partition
from deploy.demo.script import Event, SecondsAgo
from events.timestamps import format_rfc3339
from schemas import topics
from schemas.publishing import read_line

SOURCE: Final = "/login"
_PARTITION: Final = Partition(topics.DEVICE_EVENTS, 0)
_START_MS: Final = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()) * 1000


class Recorded(NamedTuple):
    """One event and everything that it led to, ready for JSON.

    Attributes:
        cloud_event: the event in CloudEvents' JSON form.
        record: key, headers and value as published.
        verdict: its type and data.
        decisions: theirs.
        state: the device's public state afterwards, as text; None for none.
    """

    cloud_event: dict[str, Any]
    record: dict[str, Any]
    verdict: dict[str, Any]
    decisions: list[dict[str, Any]]
    state: str | None


class _Input(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    timestamp: int
    offset: int


class Recorder:
    """A worker of one partition, with a clock that is moved by hand."""

    def __init__(self) -> None:
        """No device is known yet."""
        self._agent: Final = DevicesAgent(Policy())
        self._rows: Final[dict[bytes, bytes]] = {}
        self._states: Final[dict[str, str]] = {}
        self._now_ms = _START_MS
        self._offset = 0

    def passes(self, seconds: int) -> None:
        """Let time pass."""
        self._now_ms += seconds * 1000

    def state(self, device_id: str) -> str | None:
        """A device's public state, as text; None for none."""
        return self._states.get(device_id)

    def plays(self, event: Event) -> Recorded:
        """Publish an event, and say what it led to."""
        cloud_event = {
            "specversion": "1.0",
            "id": f"event-{self._offset}",
            "source": SOURCE,
            "type": event.type,
            "subject": event.device,
            "time": format_rfc3339(self._now_ms),
            "data": {name: self._written(value) for name, value in event.data.items()},
        }
        published = read_line(json.dumps(cloud_event).encode())
        record = _Input(
            published.key, published.value, published.headers, self._now_ms, self._offset
        )
        result = self._agent(_PARTITION, self._rows, [record])
        self._offset += 1
        for key, row in result.rows.items():
            assert row is not None, "the row of a device stays, if only for its marks"  # noqa: S101
            self._rows[key] = row
        self._keep_states(result.latest.get(topics.DEVICE_STATE, {}))
        [verdict] = result.outgoing[topics.VERDICTS]
        return Recorded(
            cloud_event=cloud_event,
            record={
                "key": published.key.decode(),
                "headers": [[name, value.decode()] for name, value in published.headers],
                "value": published.value.decode(),
            },
            verdict=_output(verdict),
            decisions=[_output(each) for each in result.outgoing.get(topics.DECISIONS, [])],
            state=self.state(event.device),
        )

    def _keep_states(self, latest: Mapping[bytes, LatestRecord]) -> None:
        for key, published in latest.items():
            value = published.record[1]
            if value is None:
                self._states.pop(key.decode(), None)
            else:
                self._states[key.decode()] = value.decode()

    def _written(self, value: object) -> object:
        if isinstance(value, SecondsAgo):
            return format_rfc3339(self._now_ms - value.seconds * 1000)
        return value


def _output(record: OutgoingRecord) -> dict[str, Any]:
    _, value, headers = record
    event_type = dict(headers)["ce_type"]
    return {
        "type": (event_type or b"").decode(),
        "data": json.loads(value or b"null"),
    }
