"""Records for the analytics agent, and what it makes of them."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from agents.analytics import AnalyticsAgent, of_dead_letter, of_output
from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.feed_keys import FeedKeys
from agents.lane.port import OutgoingRecord, Partition
from events.decisions import Decision
from events.facts import EnrollmentSubmitted
from events.verdicts import Cause, Refused, Verdict
from events.vocabulary import Guidance, RefusedReason
from schemas.topics import DEAD_LETTERS, DECISIONS, SECURITY_EVENTS, VERDICTS
from tests.property.history import History

KEYS = FeedKeys([b"the first key of the feed, 32 B.", b"the other key of the feed, 32 B."])
MAPPINGS = {VERDICTS: of_output, DECISIONS: of_output, DEAD_LETTERS: of_dead_letter}


class Read(NamedTuple):
    """A record as a lane hands it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def output_record(
    output: Verdict | Decision,
    *,
    ce_id: str = "biolatch.device-events/0/7/0",
    ce_time: str = "2026-01-31T08:00:00.000Z",
    causation: str = "event-1",
) -> Read:
    """A verdict or a decision as it lies on its topic."""
    headers = {
        "ce_id": ce_id,
        "ce_type": output.event_type,
        "ce_specversion": "1.0",
        "ce_source": "/biolatch",
        "ce_subject": output.device_id,
        "ce_time": ce_time,
        "ce_causationid": causation,
        "content-type": "application/json",
    }
    given = [(name, text.encode()) for name, text in headers.items()]
    return Read(0, 0, output.device_id.encode(), msgspec.json.encode(output), given)


def events_of(topic: str, records: Sequence[Read], keys: FeedKeys = KEYS) -> list[dict[str, Any]]:
    """The feed of these records, as a reader gets it."""
    agent = AnalyticsAgent(MAPPINGS[topic], keys)
    result = agent(Partition(topic, 0), {}, records)
    assert DEAD_LETTERS not in result.outgoing
    return [json.loads(value or b"") for _, value, _ in result.outgoing.get(SECURITY_EVENTS, ())]


def outputs_of(history: History, policy: Policy) -> dict[str, list[OutgoingRecord]]:
    """What the devices agent makes of a history, by topic."""
    agent = DevicesAgent(policy)
    written: dict[str, list[OutgoingRecord]] = {}
    by_partition = sorted(history.records, key=lambda record: record.partition)
    for number, group in groupby(by_partition, key=lambda record: record.partition):
        records = [
            Read(raw.offset, raw.timestamp_ms, raw.key, raw.value, raw.headers) for raw in group
        ]
        result = agent(Partition(records and "biolatch.device-events", number), {}, records)
        for topic, sent in result.outgoing.items():
            written.setdefault(topic, []).extend(sent)
    return written


def as_read(records: Iterable[OutgoingRecord]) -> list[Read]:
    """Written records as somebody else reads them."""
    return [Read(offset, 0, *record) for offset, record in enumerate(records)]


def replaced(output: Any, changes: dict[str, Any]) -> Any:  # noqa: ANN401 - any struct
    """The same with other fields."""
    return type(output)(
        **{name: getattr(output, name) for name in output.__struct_fields__} | changes
    )


def refused(
    reason: RefusedReason,
    cause: str = EnrollmentSubmitted.event_type,
    **fields: Any,  # noqa: ANN401 - any field
) -> Refused:
    """A refused event of a phone."""
    given: dict[str, Any] = {"user_id": "user-1"} | fields
    return Refused(
        device_id="phone-1",
        policy_version="1",
        occurred_at="2026-01-31T07:59:59.000Z",
        cause=Cause(cause, "/login"),
        guidance=Guidance.NONE,
        reason=reason,
        **given,
    )
