"""Fuzz targets of the rules: histories of a phone, and the devices agent with any records."""

from collections.abc import Sequence
from typing import Final

from agents import tally
from agents.core.decide import Decided, step
from agents.core.policy import Policy
from agents.core.projection import look_alike, public_state
from agents.core.state import UNKNOWN_DEVICE, DeviceState, User
from agents.device_rows import decode_row, encode_row
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, Partition
from events.facts import DeviceErased, EnrollmentSubmitted, Fact
from events.verdicts import Accepted, Refused
from events.vocabulary import RefusedReason, Status
from schemas.outputs import public_state_value, verdict_and_decisions
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, VERDICTS
from tests.fuzz.histories import history
from tests.fuzz.record_form import from_form
from tests.fuzz.signature_targets import signatures
from tests.unit.sound_records import Record

_POLICIES: Final = (
    Policy(),
    Policy(
        version="small",
        os_upgrade_keeps_enabled=True,
        failures_max=2,
        consecutive_failures_max=4,
        advice_consecutive_failures=3,
        advice_troubled_fallbacks=1,
        users_max=3,
        active_users_max=2,
        recent_events_max=2,
        old_keys_max=1,
        erased_users_max=1,
        wait_s_max=366 * 86_400,
        prompt_pause_days=366,
    ),
)
_ROW_BYTES_MAX: Final = 16 * 1024
_PARTITION: Final = Partition(DEVICE_EVENTS, 3)


def rules(data: bytes) -> None:
    """Whatever was reported before: a verdict, a small and sound row, and no trust for free."""
    policy = _POLICIES[len(data) % len(_POLICIES)]
    state = UNKNOWN_DEVICE
    for fact in history(data):
        after, decided = step(state, fact, policy)
        _check_row(after, policy)
        _check_trust(state, fact, after, decided)
        verdict_and_decisions("t/0/1", fact, decided.verdict, decided.decisions)
        published, now = (
            public_state_value(public_state(fact.device_id, row, policy)) for row in (state, after)
        )
        assert published == now or not look_alike(state, after)
        if not isinstance(decided.verdict, Refused) and not isinstance(fact.data, DeviceErased):
            again = step(after, fact, policy)[1].verdict
            assert isinstance(again, Refused)
            assert again.reason is RefusedReason.DUPLICATE
        state = after


def _check_row(state: DeviceState, policy: Policy) -> None:
    row = encode_row(state)
    assert decode_row(row) == state
    assert len(row) <= _ROW_BYTES_MAX
    ids = [user.user_id for user in state.users]
    assert ids == sorted(set(ids))
    assert len(ids) <= policy.users_max
    active = [user for user in state.users if user.status is not Status.ABSENT]
    assert len(active) <= policy.active_users_max
    assert len(state.recent_events) <= policy.recent_events_max * 8
    assert len(state.used_challenges) <= policy.used_challenges_max * 8
    marked = [mark.user_id for mark in state.erased_users]
    assert len(marked) == len(set(marked)) <= policy.erased_users_max
    for user in state.users:
        _check_user(user, policy)


def _check_user(user: User, policy: Policy) -> None:
    assert (user.disabled_reason is not None) is (user.status is Status.DISABLED)
    assert (user.fallback_reason is not None) is (user.status is Status.FALLBACK)
    assert (user.since_ms is None) is (user.status is Status.ABSENT)
    assert user.fallback_login_id is None or user.status is Status.FALLBACK
    assert 0 <= user.failures <= user.consecutive_failures
    assert user.failures < policy.failures_max or user.status is not Status.ENABLED
    assert not user.live or user.consecutive_failures < policy.consecutive_failures_max
    assert len(user.old_keys) <= policy.old_keys_max * 8
    assert len(user.troubled_ms) <= policy.troubled_fallbacks_max


def _check_trust(before: DeviceState, fact: Fact, after: DeviceState, decided: Decided) -> None:
    """Only an enrollment of one's own switches on; only a live user is accepted; epochs rise."""
    if isinstance(fact.data, DeviceErased) and fact.data.user_id is None:
        return
    assert after.bio_epoch >= before.bio_epoch
    assert after.watermark in {before.watermark, fact.offset}
    for user in after.users:
        known = before.user(user.user_id)
        if user.live and not (known and known.live):
            assert isinstance(fact.data, EnrollmentSubmitted)
            assert fact.data.user_id == user.user_id
            assert fact.data.bio_epoch == after.bio_epoch
    if isinstance(decided.verdict, Accepted):
        accepted = after.user(decided.verdict.user_id or "")
        assert accepted
        assert accepted.status is Status.ENABLED
    if isinstance(decided.verdict, Refused) and decided.verdict.reason is RefusedReason.ERASED:
        assert after == before


def devices_agent(data: bytes) -> None:
    """Each of any records has one verdict or one dead letter, together as one by one."""
    records = from_form(data)
    agent = DevicesAgent(_POLICIES[0], signatures())
    together = agent(_PARTITION, {}, records)
    answers = _offsets(together)
    assert answers == [record.offset for record in records]
    assert (tally.SKIPPED,) not in together.counts
    letters = sum(n for (name, *_), n in together.counts.items() if name == tally.DEAD_LETTER)
    assert letters == len(together.outgoing.get(DEAD_LETTERS, ()))
    if len(records) > 1:
        _check_one_by_one(records, together)


def _offsets(result: BatchResult) -> list[int]:
    """The offsets of the records that were answered."""
    offsets: list[int] = []
    for _, _, headers in result.outgoing.get(VERDICTS, ()):
        topic, partition, offset, index = (dict(headers)["ce_id"] or b"").split(b"/")
        assert (topic, partition, index) == (DEVICE_EVENTS.encode(), b"3", b"0")
        offsets.append(int(offset))
    for _, _, headers in result.outgoing.get(DEAD_LETTERS, ()):
        offsets.append(int(dict(headers)["biolatch-original-offset"] or b""))
    return sorted(offsets)


def _check_one_by_one(records: Sequence[Record], together: BatchResult) -> None:
    agent = DevicesAgent(_POLICIES[0], signatures())
    rows: dict[bytes, bytes] = {}
    outgoing: dict[str, list[object]] = {}
    for record in records:
        single = agent(_PARTITION, rows, (record,))
        for key, row in single.rows.items():
            assert row is not None
            rows[key] = row
        for topic, sent in single.outgoing.items():
            outgoing.setdefault(topic, []).extend(sent)
    assert rows == together.rows
    for topic in (VERDICTS, DECISIONS, DEAD_LETTERS):
        assert outgoing.get(topic, []) == list(together.outgoing.get(topic, ()))
