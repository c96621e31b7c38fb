"""The devices agent against the independent model: two readings of the design, one behaviour."""

import json
import random
from itertools import groupby

import pytest

from agents.core.policy import Policy as ProductPolicy
from agents.devices import DevicesAgent
from agents.lane.port import BatchResult, OutgoingRecord, Partition
from agents.tally import SKIPPED
from events.vocabulary import Platform
from schemas import topics
from tests.auditor.model import Model
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord, WireForm
from tests.property.history import History, generate


class _Read:
    """An input record as the lane hands it over."""

    def __init__(self, raw: RawRecord) -> None:
        self.raw = raw
        self.offset = raw.offset
        self.timestamp = raw.timestamp_ms
        self.key = raw.key
        self.value = raw.value
        self.headers = raw.headers


def _wire(topic: str, partition: int, record: OutgoingRecord) -> WireForm:
    key, value, headers = record
    assert key is not None
    assert value is not None
    read = {name: content.decode() for name, content in headers}
    return WireForm(topic, partition, key.decode(), read, json.loads(value))


SIGNED = (
    (
        ProductPolicy(version="1s", device_signatures="required"),
        Policy(version="1s", signatures_required=True),
    ),
    (
        ProductPolicy(
            version="2s",
            device_signatures="required",
            device_signatures_by_platform={Platform.ANDROID: "off"},
            device_signature_skew_s_max=299,
            attempts_per_minute_max=7,
        ),
        Policy(
            version="2s",
            signatures_required=True,
            signatures_required_on={"android": False},
            signature_age_max=299_000,
            attempts_per_minute=7,
        ),
    ),
    (
        ProductPolicy(
            version="3s",
            device_signatures_by_platform={Platform.IOS: "required"},
            attempts_per_minute_max=0,
        ),
        Policy(version="3s", signatures_required_on={"ios": True}, attempts_per_minute=0),
    ),
)


@pytest.mark.parametrize("seed", range(8))
def test_same_verdicts_decisions_and_public_states(seed: int) -> None:
    compare(generate(seed=seed, events=4_000), ProductPolicy(), Policy(version="1"), seed)


@pytest.mark.parametrize(("product_policy", "policy"), SIGNED, ids=["all", "most", "some"])
def test_the_same_where_phones_have_to_sign(product_policy: ProductPolicy, policy: Policy) -> None:
    history = generate(seed=21, events=2_000, signed=True)
    compare(history, product_policy, policy, 21)


def compare(history: History, product_policy: ProductPolicy, policy: Policy, seed: int) -> None:
    model = Model(policy)
    agent = DevicesAgent(product_policy)
    rows: dict[int, dict[bytes, bytes]] = {0: {}, 1: {}}
    published: dict[bytes, object] = {}
    cut = random.Random(seed)
    for number, records in groupby(
        sorted(history.records, key=lambda r: r.partition), key=lambda r: r.partition
    ):
        waiting = list(records)
        while waiting:
            size = cut.choice((1, 2, 7, 60))
            batch, waiting = waiting[:size], waiting[size:]
            partition = Partition(batch[0].topic, number)
            result = agent(partition, rows[number], [_Read(raw) for raw in batch])
            for key, row in result.rows.items():
                assert row is not None
                rows[number][key] = row
            assert (SKIPPED,) not in result.counts
            _check_batch(model, batch, result)
            _check_states(model, batch, result, published)


def _check_batch(model: Model, batch: list[RawRecord], result: BatchResult) -> None:
    verdicts = iter(result.outgoing.get(topics.VERDICTS, ()))
    decisions = iter(result.outgoing.get(topics.DECISIONS, ()))
    letters = iter(result.outgoing.get(topics.DEAD_LETTERS, ()))
    for raw in batch:
        due = model.step(raw)
        if due.verdict is None:
            key, value, _ = next(letters)
            assert (key, value) == (raw.key, raw.value)
            continue
        assert _wire(topics.VERDICTS, raw.partition, next(verdicts)) == due.verdict, raw
        for decision in due.decisions:
            assert _wire(topics.DECISIONS, raw.partition, next(decisions)) == decision, raw
    assert list(verdicts) == list(decisions) == list(letters) == []


def _check_states(
    model: Model, batch: list[RawRecord], result: BatchResult, published: dict[bytes, object]
) -> None:
    for (key, value, _), _ in result.latest.get(topics.DEVICE_STATE, {}).values():
        assert key is not None
        published[key] = None if value is None else json.loads(value)
    for topic, number, device_id in model.devices():
        if number == batch[0].partition:
            due = model.public_state(topic, number, device_id)
            assert published.get(device_id.encode()) == due
