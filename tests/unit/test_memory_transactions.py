"""Whose requests a broker in memory still takes when they arrive late, and what they then end."""

import asyncio

import pytest

from agents.lane.log import LogFailure
from agents.lane.memory import MemoryLog
from agents.lane.memory_lane import PIECE_RECORDS_MAX, MemoryLaneLog
from agents.lane.port import OutgoingRecord, Partition
from tests.unit.lane_rig import CHANGELOG, OUTPUT, ZERO, new_log, publish
from tests.unit.virtual_time import in_virtual_time

NAME = "producer"
OUT = Partition(OUTPUT, 0)


def _values(log: MemoryLog) -> list[bytes | None]:
    return [record.value for record in log.readable(OUT)]


def _record(value: bytes) -> OutgoingRecord:
    return b"k", value, ()


def test_a_late_commit_ends_the_transaction_that_is_open_when_it_arrives() -> None:
    # As Kafka's protocol before KIP-890 has it: the request names a producer and no transaction.
    log = new_log()
    epoch = log.transactions.fence(NAME)
    first = log.transactions.begin(NAME, epoch)
    log.transactions.write(NAME, first, OUT, [_record(b"first")])
    log.transactions.abort(NAME, epoch)
    second = log.transactions.begin(NAME, epoch)
    log.transactions.write(NAME, second, OUT, [_record(b"half of the second")])

    log.transactions.commit(NAME, epoch)

    assert _values(log) == [b"half of the second"]
    with pytest.raises(LogFailure):
        log.transactions.write(NAME, second, OUT, [_record(b"the other half")])


def test_a_late_commit_of_a_fenced_producer_ends_nothing() -> None:
    log = new_log()
    old = log.transactions.fence(NAME)
    log.transactions.begin(NAME, old)
    new = log.transactions.fence(NAME)
    transaction = log.transactions.begin(NAME, new)
    log.transactions.write(NAME, transaction, OUT, [_record(b"new")])

    for request in (log.transactions.commit, log.transactions.abort):
        with pytest.raises(LogFailure, match="fenced"):
            request(NAME, old)

    assert _values(log) == []
    assert log.transactions.open() == {NAME: transaction}
    log.transactions.commit(NAME, new)
    assert _values(log) == [b"new"]


def test_a_late_write_does_not_enter_a_later_transaction() -> None:
    log = new_log()
    epoch = log.transactions.fence(NAME)
    first = log.transactions.begin(NAME, epoch)
    log.transactions.abort(NAME, epoch)
    log.transactions.begin(NAME, epoch)

    with pytest.raises(LogFailure):
        log.transactions.write(NAME, first, OUT, [_record(b"late")])
    with pytest.raises(LogFailure):
        log.transactions.add_offset(NAME, first, ZERO, 7)

    log.transactions.commit(NAME, epoch)
    assert _values(log) == []
    assert log.group_offsets == {}


def test_offsets_of_the_group_follow_their_transaction() -> None:
    log = new_log()
    epoch = log.transactions.fence(NAME)
    for next_offset, end in ((3, log.transactions.abort), (5, log.transactions.commit)):
        transaction = log.transactions.begin(NAME, epoch)
        log.transactions.add_offset(NAME, transaction, ZERO, next_offset)
        assert log.group_offsets == {}
        end(NAME, epoch)
    assert log.group_offsets == {ZERO: 5}


def test_readers_wait_at_the_first_open_transaction_of_several() -> None:
    log = new_log()
    publish(log, b"a")
    first, second = log.begin(), log.begin()
    log.append(ZERO, _record(b"first"), transaction=first)
    log.append(ZERO, _record(b"second"), transaction=second)
    log.end(second, commit=True)

    assert log.read(ZERO, 0, 10).after == 1

    log.end(first, commit=False)
    batch = log.read(ZERO, 0, 10)
    assert batch.after == log.stored(ZERO).end == 5
    assert [record.value for record in batch.records] == [b"", b"second"]


def test_a_recovery_that_is_longer_than_a_piece_brings_the_last_value_of_every_key() -> None:
    log = new_log()
    changelog = Partition(CHANGELOG, 0)
    for number in range(2 * PIECE_RECORDS_MAX + 1):
        log.append(changelog, (b"%d" % (number % 7), b"%d" % number, ()))
    pieces = 0

    async def count(operation: str, _: Partition) -> None:
        nonlocal pieces
        pieces += operation == "restore"
        await asyncio.sleep(0)

    async def scenario() -> None:
        session = await MemoryLaneLog(log, ZERO, CHANGELOG).open()
        log.step = count
        restored = await session.restore()
        assert restored.records_read == restored.end == 2 * PIECE_RECORDS_MAX + 1
        assert {int(value) % 7 for value in restored.rows.values()} == set(range(7))
        assert min(int(value) for value in restored.rows.values()) > restored.end - 8
        assert pieces == 4  # where it ends, and three pieces

    in_virtual_time(scenario())


def test_rows_behind_an_open_transaction_are_not_taken_for_all_there_is() -> None:
    log = new_log()
    somebody = log.begin()
    log.append(Partition(CHANGELOG, 0), _record(b"1"), transaction=somebody)

    async def scenario() -> None:
        session = await MemoryLaneLog(log, ZERO, CHANGELOG).open()
        with pytest.raises(LogFailure, match="open in the changelog"):
            await session.restore()

    in_virtual_time(scenario())
