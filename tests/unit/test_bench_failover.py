# Goal: the rows of the failover benchmark are real ones, and a pause is the longest wait.
import asyncio

import pytest

from agents.device_rows import decode_row
from deploy.bench.failover.device_rows import sample_rows
from deploy.bench.failover.probe import Probe


def test_rows_are_those_of_phones_with_a_past() -> None:
    rows = sample_rows(seed=1)
    assert rows == sample_rows(seed=1)
    assert len(rows) > 900
    assert all(decode_row(row).users for row in rows)
    assert 200 < sum(len(row) for row in rows) / len(rows) < 600


def test_a_pause_is_the_longest_wait_of_what_was_sent_since() -> None:
    probe = Probe(2)
    probe.note_sent(0, at_s=1.0)
    probe.note_sent(0, at_s=2.0)
    probe.note_sent(1, at_s=2.0)
    probe.note_seen(0, 2, at_s=5.5)
    probe.note_seen(1, 1, at_s=2.5)

    assert probe.pause_s([0], since_s=0.0) == pytest.approx(4.5)
    assert probe.pause_s([0], since_s=1.5) == pytest.approx(3.5)
    assert probe.pause_s([0, 1], since_s=1.5) == pytest.approx(3.5)
    assert probe.pause_s([1], since_s=1.5) == pytest.approx(0.5)
    assert probe.pause_s([], since_s=0.0) == 0


async def test_it_has_caught_up_when_every_event_has_its_verdict() -> None:
    probe = Probe(1)
    await probe.caught_up()
    probe.note_sent(0, at_s=1.0)
    catching_up = asyncio.ensure_future(probe.caught_up())
    await asyncio.sleep(0)
    assert not catching_up.done()
    probe.note_seen(0, 1, at_s=2.0)
    await catching_up
