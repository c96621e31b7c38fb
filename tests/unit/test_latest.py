"""Of a compacted topic's records in one transaction, the last one for a key is written, if any."""

from agents.core.policy import Policy
from agents.devices import DevicesAgent
from agents.lane.latest import LatestByTopic, merge_latest, to_write
from agents.lane.port import LatestRecord, OutgoingRecord, Partition
from schemas.topics import DEVICE_STATE
from tests.auditor.records import RawRecord
from tests.property.history import generate


def record(value: bytes | None) -> OutgoingRecord:
    return b"phone", value, (("as-of", value),)


A, B, C, TOMBSTONE = record(b"a"), record(b"b"), record(b"c"), record(None)


def written(*changes: tuple[OutgoingRecord, bytes | None]) -> list[OutgoingRecord]:
    merged: LatestByTopic = {}
    for changed, replaced in changes:
        merge_latest(merged, {"state": {b"phone": LatestRecord(changed, replaced)}})
    return to_write(merged["state"])


def test_the_last_record_is_written() -> None:
    assert written((B, b"a")) == [B]
    assert written((B, b"a"), (C, b"b")) == [C]
    assert written((A, None), (B, b"a")) == [B]


def test_what_changes_back_is_not_written() -> None:
    assert written((B, b"a"), (A, b"b")) == []
    assert written((B, b"a"), (C, b"b"), (A, b"c")) == []
    assert written((B, b"a"), (A, b"b"), (B, b"a")) == [B]


def test_what_comes_and_goes_leaves_no_tombstone() -> None:
    assert written((A, None), (TOMBSTONE, b"a")) == []
    assert written((TOMBSTONE, b"a")) == [TOMBSTONE]


def test_keys_and_topics_stay_apart() -> None:
    merged: LatestByTopic = {}
    merge_latest(merged, {"state": {b"1": LatestRecord(A, None), b"2": LatestRecord(B, None)}})
    merge_latest(merged, {"other": {b"1": LatestRecord(C, None)}})
    assert to_write(merged["state"]) == [A, B]
    assert to_write(merged["other"]) == [C]


class Input:
    def __init__(self, raw: RawRecord) -> None:
        self.key, self.value, self.headers = raw.key, raw.value, raw.headers
        self.timestamp, self.offset = raw.timestamp_ms, raw.offset


def test_slices_lead_to_what_all_at_once_leads_to() -> None:
    agent, rows, partition = DevicesAgent(Policy()), dict[bytes, bytes](), Partition("input", 0)
    inputs = [Input(raw) for raw in generate(seed=6, events=6_000).records if raw.partition == 0]
    changed_back = states = 0
    for start in range(0, len(inputs), 60):
        batch = inputs[start : start + 60]
        whole = to_write(agent(partition, rows, batch).latest.get(DEVICE_STATE, {}))
        merged: LatestByTopic = {}
        for slice_start in range(0, len(batch), 7):
            result = agent(partition, rows, batch[slice_start : slice_start + 7])
            merge_latest(merged, result.latest)
            rows |= {key: row for key, row in result.rows.items() if row is not None}
        sliced = to_write(merged.get(DEVICE_STATE, {}))
        values = {key: value for key, value, _ in sliced}
        assert values == {key: value for key, value, _ in whole}
        states += len(values)
        changed_back += len(merged.get(DEVICE_STATE, {})) - len(sliced)
    assert states > 60
    assert changed_back > 0
