# Goal: many partitions are read as one sequence, complete and in order, whatever Kafka gives when.
import asyncio
from collections.abc import Collection, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lane.port import Partition
from deploy.records.reader import Polled
from deploy.records.sequence import by_time, firsts, followed, merged, newest
from deploy.records.topic_record import Span, TopicRecord
from events.errors import TransientFailure

TOPIC = "a-topic"


class Shelf:
    """Partitions in memory: records with gaps between their offsets, given in random portions."""

    bootstrap_servers = "nowhere:1"

    def __init__(self, seed: int, partitions: int, records: int) -> None:
        self.random = Random(seed)
        self.records: dict[Partition, list[TopicRecord]] = {}
        self.spans: dict[Partition, Span] = {}
        self.positions: dict[Partition, int] = {}
        self.paused: set[Partition] = set()
        self.polls = 0
        for number in range(partitions):
            partition = Partition(TOPIC, number)
            offset, now_ms = self.random.randrange(5), 0
            start, kept = offset, self.records.setdefault(partition, [])
            for _ in range(self.random.randrange(records + 1)):
                offset += self.random.choice((0, 0, 1, 3))
                now_ms += self.random.choice((0, 1, 20))
                key = self.random.choice((b"a", b"b", None))
                kept.append(TopicRecord(partition, offset, now_ms, key, b"", ()))
                offset += 1
            self.spans[partition] = Span(start, offset + self.random.choice((0, 1, 4)))

    def in_order(self, key: bytes | None = None) -> list[TopicRecord]:
        every = [record for records in self.records.values() for record in records]
        return sorted((r for r in every if key in (None, r.key)), key=by_time)

    def start(self, positions: Mapping[Partition, int]) -> None:
        self.positions = dict(positions)
        self.paused = set()

    def pause(self, partition: Partition) -> None:
        self.paused.add(partition)

    async def poll(
        self,
        partitions: Collection[Partition],
        *,
        key: bytes | None,
        wait_s: float,  # noqa: ARG002 (it never waits)
    ) -> dict[Partition, Polled]:
        self.polls += 1
        polled: dict[Partition, Polled] = {}
        for partition in partitions:
            assert partition not in self.paused
            at = self.positions[partition]
            portion = [r for r in self.records[partition] if r.offset >= at]
            portion = portion[: self.random.randrange(5)]
            if portion:
                at = portion[-1].offset + 1
            elif not any(r.offset >= at for r in self.records[partition]):
                at = max(at, self.spans[partition].end)  # passed the markers
            self.positions[partition] = at
            polled[partition] = Polled([r for r in portion if key in (None, r.key)], at)
        return polled

    async def check_alive(self) -> None:
        await asyncio.sleep(0)


shelves = st.builds(Shelf, st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 30))
keys = st.sampled_from([None, b"a", b"c"])


@given(shelf=shelves, key=keys)
def test_merged_gives_every_record_once_and_in_order(shelf: Shelf, key: bytes | None) -> None:
    told: list[tuple[int, int]] = []

    async def read() -> list[TopicRecord]:
        reading = merged(shelf, shelf.spans, key=key, on_progress=lambda *at: told.append(at))
        return [record async for record in reading]

    assert asyncio.run(read()) == shelf.in_order(key)
    total = sum(span.end - span.start for span in shelf.spans.values())
    assert told == sorted(told)
    assert told[-1:] == ([(total, total)] if total else [])


@given(shelf=shelves, key=keys, count=st.integers(1, 9))
def test_newest_finds_the_last_ones_however_far_back(
    shelf: Shelf, key: bytes | None, count: int
) -> None:
    found = asyncio.run(newest(shelf, shelf.spans, count, key=key))
    assert found == shelf.in_order(key)[-count:]


@given(shelf=shelves)
def test_firsts_gives_the_first_record_of_each_partition_that_has_one(shelf: Shelf) -> None:
    found = asyncio.run(firsts(shelf, shelf.spans))
    assert found == {each: records[0] for each, records in shelf.records.items() if records}


@given(shelf=shelves)
def test_nothing_behind_the_end_is_shown(shelf: Shelf) -> None:
    cut = {
        each: Span(span.start, (span.start + span.end) // 2) for each, span in shelf.spans.items()
    }

    async def read() -> list[TopicRecord]:
        return [record async for record in merged(shelf, cut)]

    expected = [r for r in shelf.in_order() if r.offset < cut[r.partition].end]
    assert asyncio.run(read()) == expected


async def test_a_follower_gets_what_comes_later() -> None:
    shelf = Shelf(seed=1, partitions=3, records=30)
    expected = shelf.in_order()
    assert len(expected) > 10
    starts = {each: span.start for each, span in shelf.spans.items()}
    following = followed(shelf, starts, on_outage=pytest.fail)
    got = [await anext(following) for _ in expected]
    await following.aclose()
    assert sorted(got, key=by_time) == expected


class Silent(Shelf):
    """Has records and gives none."""

    async def poll(
        self, partitions: Collection[Partition], *, key: bytes | None, wait_s: float
    ) -> dict[Partition, Polled]:
        del key, wait_s
        await asyncio.sleep(0)
        return {each: Polled([], self.positions[each]) for each in partitions}

    async def check_alive(self) -> None:
        raise TransientFailure("kafka.unreachable", "gone")


async def test_a_kafka_that_stops_answering_is_told_from_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deploy.records.sequence._SILENCE_S_MAX", 0.01)
    shelf = Silent(seed=1, partitions=2, records=9)
    with pytest.raises(TransientFailure, match="stopped answering"):
        await firsts(shelf, shelf.spans)


async def test_a_follower_tells_of_an_outage_and_gives_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deploy.records.sequence._SILENCE_CHECK_S", 0.0)
    monkeypatch.setattr("deploy.records.sequence.OUTAGE_S_MAX", 0.05)
    outages: list[float] = []
    shelf = Silent(seed=1, partitions=2, records=9)
    with pytest.raises(TransientFailure, match="gone"):
        await anext(followed(shelf, dict.fromkeys(shelf.spans, 0), on_outage=outages.append))
    assert outages
    assert outages == sorted(outages)


class Idle(Silent):
    """Away at first; then there, without anything new."""

    def __init__(self, *, outages: int) -> None:
        super().__init__(seed=1, partitions=2, records=9)
        self._outages = outages

    async def check_alive(self) -> None:
        self._outages -= 1
        if self._outages >= 0:
            await super().check_alive()


async def test_a_follower_tells_that_kafka_is_back_also_while_nothing_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deploy.records.sequence._SILENCE_CHECK_S", 0.0)
    shelf, told, back = Idle(outages=2), list[str](), asyncio.Event()

    def on_alive() -> None:
        told.append("alive")
        back.set()

    following = followed(
        shelf,
        dict.fromkeys(shelf.spans, 0),
        on_outage=lambda _: told.append("away"),
        on_alive=on_alive,
    )
    reading = asyncio.ensure_future(anext(following))
    await back.wait()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert told[:3] == ["away", "away", "alive"]
