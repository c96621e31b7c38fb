"""Keyed marks of erasure change where rows stand and what they are called, and nothing else."""

import random
from itertools import groupby

import pytest

from agents.core.policy import Policy
from agents.device_rows import decode_row
from agents.devices import DevicesAgent
from agents.erasure_keys import ErasureKeys
from agents.lane.port import BatchResult, Partition
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY, is_keyed
from agents.tally import SKIPPED
from tests.auditor.records import RawRecord
from tests.property.history import generate

OLD, NEW = bytes(32), bytes(range(32))


class _Read:
    """An input record as the lane hands it over."""

    def __init__(self, raw: RawRecord) -> None:
        self.offset, self.timestamp = raw.offset, raw.timestamp_ms
        self.key, self.value, self.headers = raw.key, raw.value, raw.headers


def agents(eras: int) -> list[DevicesAgent]:
    """A worker without a key, then with one, then with a newer one before it."""
    keys = [None, ErasureKeys([OLD]), ErasureKeys([NEW, OLD])]
    return [DevicesAgent(Policy(), erasure_keys=each) for each in keys[:eras]]


def put(rows: dict[bytes, bytes], result: BatchResult) -> None:
    for key, row in result.rows.items():
        if row is None:
            del rows[key]  # whoever deletes a row has seen it
        else:
            rows[key] = row


@pytest.mark.parametrize("seed", range(2))
def test_the_same_answers_whatever_the_key_and_whenever_it_changes(seed: int) -> None:
    clear = DevicesAgent(Policy())
    history = generate(seed=seed, events=1_500, devices=4).records
    cut = random.Random(seed)
    for number, of_partition in groupby(
        sorted(history, key=lambda raw: raw.partition), key=lambda raw: raw.partition
    ):
        records, partition = list(of_partition), Partition("input", number)
        plain_rows, rows = dict[bytes, bytes](), dict[bytes, bytes]()
        third = len(records) // 3
        for era, agent in enumerate(agents(3)):
            waiting = [_Read(raw) for raw in records[era * third : (era + 1) * third]]
            while waiting:
                size = cut.choice((1, 2, 7, 60))
                batch, waiting = waiting[:size], waiting[size:]
                due = clear(partition, plain_rows, batch)
                put(plain_rows, due)
                found = agent(partition, rows, batch)
                put(rows, found)
                assert (found.outgoing, found.latest) == (due.outgoing, due.latest)
                assert (SKIPPED,) not in found.counts
        # One row a device, and marks that name nobody in whatever was touched since.
        rows.pop(KEY_ID_KEY, None)
        assert len(rows) == len(plain_rows)
        in_clear = [key for key in rows if not key.startswith(ERASED_PREFIX)]
        assert all(key in plain_rows for key in in_clear)


@pytest.mark.parametrize("seed", [1, 3])
def test_no_row_names_an_erased_device_or_user(seed: int) -> None:
    agent = DevicesAgent(Policy(), erasure_keys=ErasureKeys([NEW]))
    rows: dict[bytes, bytes] = {}
    erased = 0
    for raw in generate(seed=seed, events=2_000, devices=4, partitions=1).records:
        result = agent(Partition("input", 0), rows, [_Read(raw)])
        put(rows, result)
        for key, row in result.rows.items():
            if row is None or key == KEY_ID_KEY:
                continue
            state = decode_row(row)
            assert all(map(is_keyed, state.erased_users))
            bare = state.erased_ms is not None and not (state.users or state.recent_events)
            assert key.startswith(ERASED_PREFIX) == (bare and not state.erased_users)
            erased += bare
    assert erased
