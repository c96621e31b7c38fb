"""The audit of rows, positions and committed offsets, on what the devices agent itself writes."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby

import pytest

from agents.core.policy import Policy as ProductPolicy
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys
from agents.lane.port import OutgoingRecord, Partition
from agents.lane.position import POSITION_KEY, Position
from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, DEVICE_STATE, VERDICTS
from tests.auditor.audit import differences
from tests.auditor.policy import Policy
from tests.auditor.records import Delivery, RawRecord, Watched
from tests.property.history import generate

CHANGELOG = "biolatch-devices-changelog"
ERASURE_KEY = bytes(range(32))
OUTPUTS = (VERDICTS, DECISIONS, DEAD_LETTERS)


class _Read:
    def __init__(self, raw: RawRecord) -> None:
        self.offset, self.timestamp = raw.offset, raw.timestamp_ms
        self.key, self.value, self.headers = raw.key, raw.value, raw.headers


@dataclass
class Run:
    """Everything that exact workers leave, and one look at the group after each batch."""

    inputs: list[RawRecord]
    written: dict[str, list[RawRecord]] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    watched: list[Watched] = field(default_factory=list)
    erasure_key: bytes | None = None

    def delivery(self) -> Delivery:
        log, ends = self.written[CHANGELOG], self.ends
        return Delivery(log, ends, dict(ends), self.watched, self.erasure_key)

    def differences(self, delivery: Delivery | None = None) -> list[str]:
        return differences(
            self.inputs,
            verdicts=self.written[VERDICTS],
            decisions=self.written[DECISIONS],
            dead_letters=self.written[DEAD_LETTERS],
            device_states=self.written[DEVICE_STATE],
            policy=Policy(version="1"),
            delivery=delivery or self.delivery(),
        )

    def append(self, topic: str, partition: int, record: OutgoingRecord) -> None:
        log = self.written.setdefault(topic, [])
        log.append(RawRecord(topic, partition, len(log), 0, *record))

    def look(self, partition: int, committed: int) -> None:
        ends = {topic: len(self.written.get(topic, ())) for topic in OUTPUTS}
        self.watched.append(Watched(partition, committed, ends))


def run(seed: int, erasure_key: bytes | None = None) -> Run:
    inputs = generate(seed=seed, events=2_000, malformed_share=0.1).records
    done, cut = Run(inputs, erasure_key=erasure_key), random.Random(seed)
    keys = None if erasure_key is None else ErasureKeys([erasure_key])
    agent = DevicesAgent(ProductPolicy(), erasure_keys=keys)
    for number, records in groupby(
        sorted(inputs, key=lambda record: record.partition), key=lambda record: record.partition
    ):
        rows: dict[bytes, bytes | None] = {}
        partition = Partition(DEVICE_EVENTS, number)
        for batch in _batches(list(records), cut):
            result = agent(partition, rows, [_Read(raw) for raw in batch])  # type: ignore[arg-type]
            for topic, outgoing in result.outgoing.items():
                for record in outgoing:
                    done.append(topic, number, record)
            for topic, by_key in result.latest.items():
                for record, _ in by_key.values():
                    done.append(topic, number, record)
            rows |= result.rows
            next_offset = batch[-1].offset + 1
            position = Position(DEVICE_EVENTS, next_offset, 2, agent.row_format)
            for key, value in {**result.rows, POSITION_KEY: position.encode()}.items():
                done.append(CHANGELOG, number, (key, value, []))
            done.ends[number] = next_offset
            done.look(number, next_offset)
    return done


def _batches(records: list[RawRecord], cut: random.Random) -> Iterator[list[RawRecord]]:
    while records:
        size = cut.choice((1, 2, 7, 60))
        yield records[:size]
        records = records[size:]


@pytest.fixture
def exact() -> Run:
    return run(seed=3)


def only(found: list[str]) -> str:
    """The one difference that there is."""
    assert len(found) == 1, found
    return found[0]


def place_of(log: list[RawRecord], key: bytes) -> int:
    return max(place for place, record in enumerate(log) if record.key == key)


@pytest.mark.parametrize("seed", range(4))
def test_what_the_agent_leaves_has_no_difference(seed: int) -> None:
    assert run(seed).differences() == []


@pytest.mark.parametrize("seed", [1, 3])
def test_what_the_agent_leaves_with_a_key_of_erasure_marks_has_no_difference(seed: int) -> None:
    keyed = run(seed, ERASURE_KEY)
    assert keyed.differences() == []
    assert any(record.value is None for record in keyed.written[CHANGELOG])


def test_a_row_in_clear_that_an_erasure_leaves() -> None:
    keyed = run(1, ERASURE_KEY)
    log = keyed.written[CHANGELOG]
    keyed.written[CHANGELOG] = [record for record in log if record.value is not None]
    assert any("written, but no event names" in text for text in keyed.differences())


def test_a_mark_in_clear_where_there_is_a_key() -> None:
    found = replace(run(0), erasure_key=ERASURE_KEY).differences()
    assert any("user_marks" in text for text in found)


def test_a_row_that_is_missing(exact: Run) -> None:
    log = exact.written[CHANGELOG]
    exact.written[CHANGELOG] = [record for record in log if record.key != b"phone-0"]
    assert only(exact.differences()) == "row of phone-0 on partition 0: missing"


def test_a_row_of_before(exact: Run) -> None:
    log = exact.written[CHANGELOG]
    last = place_of(log, b"phone-0")
    before = max(n for n, record in enumerate(log[:last]) if record.key == b"phone-0")
    log[last] = log[last]._replace(value=log[before].value)
    found = exact.differences()
    assert any("wrong watermark" in text for text in found)
    assert any("row.recent_events" in text for text in found)
    assert any("lies between the positions" in text for text in found)


def test_a_row_that_nobody_can_read(exact: Run) -> None:
    log = exact.written[CHANGELOG]
    last = place_of(log, b"phone-0")
    log[last] = log[last]._replace(value=b"\x09")
    row, position = exact.differences()
    assert "unreadable" in row
    assert "unreadable" in position


def test_a_position_that_lags_behind_its_rows(exact: Run) -> None:
    log = exact.written[CHANGELOG]
    last = place_of(log, POSITION_KEY)
    fields = json.loads(log[last].value or b"")
    fields["next_offset"] -= 3
    log[last] = log[last]._replace(value=json.dumps(fields).encode())
    found = exact.differences()
    assert any("wrong position of partition 1" in text for text in found)
    assert any("wrong offset of the group on 1" in text for text in found)


def test_a_position_of_another_partition_count(exact: Run) -> None:
    found = exact.differences(exact.delivery()._replace(input_ends={**exact.ends, 2: 0}))
    assert len(found) > 2
    assert all("partition_count=3" in text for text in found)


def test_rows_without_a_position_behind_them(exact: Run) -> None:
    log = exact.written[CHANGELOG]
    row = log[place_of(log, b"phone-0")]
    log.append(row._replace(offset=len(log)))
    assert "1 rows without a position" in only(exact.differences())


def test_a_group_that_is_behind_or_ahead(exact: Run) -> None:
    delivery = exact.delivery()._replace(committed={**exact.ends, 0: exact.ends[0] - 1})
    assert "wrong offset of the group on 0" in only(exact.differences(delivery))


def test_a_commit_before_its_outputs(exact: Run) -> None:
    look = next(each for each in exact.watched if each.output_ends[VERDICTS] > 5)
    early = {**look.output_ends, VERDICTS: look.output_ends[VERDICTS] - 1}
    exact.watched = [look._replace(output_ends=early)]
    assert f"was committed when {VERDICTS} reached only to" in only(exact.differences())


def test_a_commit_that_went_back(exact: Run) -> None:
    delivery = exact.delivery()
    backwards = [exact.watched[1], exact.watched[0]]
    assert exact.watched[0].committed < exact.watched[1].committed
    found = exact.differences(delivery._replace(watched=backwards))
    assert "went back" in only(found)
    assert replace(exact).differences() == []
