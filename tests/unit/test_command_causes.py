# Goal: whatever happens to a device, `explain` names the step that made each user stand as they do.
# Method: random histories are decided for real; after every event, each user's cause must fit the
# public state and must not be older than the last change of it.
from collections.abc import Iterable, Sequence

import msgspec
import pytest

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.port import OutgoingRecord, Partition
from deploy.inspection.causes import Causes
from deploy.inspection.history import Step, origin_of
from deploy.inspection.wording import GUIDANCE_ONLY, RULES
from deploy.records.topic_record import TopicRecord
from events.public_state import PublicState, PublicUser
from events.vocabulary import DisabledReason, FallbackReason, RearmedReason, Status
from schemas import topics
from tests.auditor.records import RawRecord
from tests.property.history import generate


class _Input:
    """A record as the lane hands it over."""

    def __init__(self, raw: RawRecord) -> None:
        self.offset = raw.offset
        self.timestamp = raw.timestamp_ms
        self.key = raw.key
        self.value = raw.value
        self.headers = raw.headers


def _read(topic: str, raw: RawRecord, sent: Iterable[OutgoingRecord]) -> list[TopicRecord]:
    partition = Partition(topic, raw.partition)
    return [
        TopicRecord(partition, raw.offset, raw.timestamp_ms, key, value, tuple(headers))
        for key, value, headers in sent
    ]


class _Device:
    """A device as `explain` sees it, and when each user last changed."""

    def __init__(self) -> None:
        self.causes = Causes()
        self.steps = 0
        self.users: dict[str, PublicUser] = {}
        self.changed_in: dict[str, int] = {}

    def take(self, records: Sequence[TopicRecord], states: Sequence[TopicRecord]) -> None:
        step = Step(origin_of(records[0]))
        for record in records:
            assert origin_of(record) == step.origin
            step.take(record)
        self.causes.take(step)
        self.steps += 1
        for state in states:
            public = state.value and msgspec.json.decode(state.value, type=PublicState)
            users = public.users if public else {}
            for user_id, user in users.items():
                before = self.users.get(user_id)
                if before is None or (before.status, before.reason) != (user.status, user.reason):
                    self.changed_in[user_id] = self.steps
            self.users = dict(users)

    def check(self) -> int:
        checked = 0
        for user_id, user in self.users.items():
            cause = self.causes.of(user_id, user)
            if user.status is Status.ABSENT:
                continue
            assert cause is not None, (user_id, user)
            assert cause.number >= self.changed_in[user_id], (user_id, user, cause.what)
            assert cause.rule
            checked += 1
        return checked


@pytest.mark.parametrize("seed", range(6))
def test_every_standing_has_the_cause_that_last_changed_it(seed: int) -> None:
    agent = DevicesAgent(Policy())
    rows: dict[int, dict[bytes, bytes]] = {}
    devices: dict[bytes | None, _Device] = {}
    checked = 0
    for raw in generate(seed=seed, events=2_500).records:
        of_partition = rows.setdefault(raw.partition, {})
        result = agent(Partition(raw.topic, raw.partition), of_partition, [_Input(raw)])
        for key, row in result.rows.items():
            assert row is not None
            of_partition[key] = row
        event = TopicRecord(
            Partition(raw.topic, raw.partition),
            raw.offset,
            raw.timestamp_ms,
            raw.key,
            raw.value,
            tuple(raw.headers),
        )
        outputs = [
            record
            for topic in (topics.VERDICTS, topics.DECISIONS, topics.DEAD_LETTERS)
            for record in _read(topic, raw, result.outgoing.get(topic, ()))
        ]
        states = _read(
            topics.DEVICE_STATE,
            raw,
            [each.record for each in result.latest.get(topics.DEVICE_STATE, {}).values()],
        )
        device = devices.setdefault(raw.key, _Device())
        device.take([event, *outputs], states)
        checked += device.check()
    assert checked > 5_000


def test_every_decision_that_moves_a_user_has_its_rule_in_words() -> None:
    kinds = {"enabled", "re-enabled", GUIDANCE_ONLY}
    kinds |= {f"disabled({reason})" for reason in DisabledReason}
    kinds |= {f"fallback-required({reason})" for reason in FallbackReason}
    kinds |= {f"rearmed({reason})" for reason in RearmedReason}
    assert {*RULES, GUIDANCE_ONLY} == kinds
