"""What holds of a delivery whatever comes, whatever fails and whoever is killed when."""

import asyncio
import random
from collections import defaultdict
from itertools import pairwise
from typing import Literal

from hypothesis import event, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from agents.delivery.prefix import Prefix
from agents.lane.port import InputRecord
from tests.unit.delivery_rig import Outside, Worker, limits, new_input
from tests.unit.lane_rig import ZERO
from tests.unit.virtual_time import in_virtual_time

DESTINATIONS = ("a", "b")
BOUNDS = limits(waiting_records_max=8, at_once_max=2, commit_interval_s=0.5)

Ending = Literal["killed", "stopped", "held", "interrupted", "finished"]

records = st.lists(
    st.tuples(
        st.sampled_from([b"x", b"y", b"z", None]), st.sampled_from([b"", b"", b"", b"nothing"])
    ),
    min_size=1,
    max_size=40,
)
lives: st.SearchStrategy[list[tuple[float, Ending]]] = st.lists(
    st.tuples(st.floats(0, 6), st.sampled_from(["killed", "stopped", "held", "interrupted"])),
    max_size=6,
)


class Story:
    """Workers, one after the other, on one log; and what has to arrive of it."""

    def __init__(self, records: list[tuple[bytes | None, bytes]], seed: int) -> None:
        self.log = new_input()
        self.seed = seed
        self.outside = Outside(*DESTINATIONS)
        self.outside.took_s = 0.2
        self.outside.answer = self._answer
        self._chance = random.Random(seed)
        self.expected: dict[tuple[str, bytes | None], list[int]] = defaultdict(list)
        for key, value in records:
            offset = self.log.append(ZERO, (key, value, ()))
            if value != b"nothing":
                for destination in DESTINATIONS:
                    self.expected[destination, key].append(offset)

    def _answer(self, _destination: str, _record: InputRecord) -> float | Exception | None:
        match self._chance.randrange(6):
            case 0:
                return self._chance.uniform(0, 3)
            case 1:
                return ValueError("injected")
            case _:
                return None

    def require_safe_position(self) -> None:
        """Every record before the committed position has arrived everywhere."""
        position = self.log.group_offsets.get(ZERO, 0)
        arrived = {(each.destination, each.offset) for each in self.outside.arrived}
        for (destination, _key), offsets in self.expected.items():
            assert {(destination, each) for each in offsets if each < position} <= arrived

    def require_all_in_order(self) -> None:
        for (destination, key), offsets in self.expected.items():
            arrived = [
                each.offset
                for each in self.outside.arrived
                if (each.destination, each.key) == (destination, key)
            ]
            # Whoever begins anew goes back to a record that is not committed; then in order again.
            assert list(dict.fromkeys(arrived)) == offsets
            place = {offset: index for index, offset in enumerate(offsets)}
            assert all(place[after] <= place[before] + 1 for before, after in pairwise(arrived))

    async def live(self, how_long_s: float, ending: Ending) -> None:
        """One worker, from its first assignment to its end."""
        worker = Worker(self.log, self.outside, limits=BOUNDS, seed=self.seed)
        feeding = asyncio.ensure_future(worker.feed_on())
        await worker.lanes.assign([ZERO], lambda: True)
        await asyncio.sleep(how_long_s)
        match ending:
            case "killed":
                mine = asyncio.all_tasks() - {asyncio.current_task()}
                for task in mine:
                    task.cancel()
                await asyncio.wait(mine)
                return
            case "held":
                await worker.lanes.hold()
                self.require_safe_position()
                await worker.lanes.assign([ZERO], lambda: True)
                await asyncio.sleep(how_long_s)
            case "interrupted":
                worker.lanes.interrupt_all("the agent failed")
                await asyncio.sleep(how_long_s)
            case "finished":
                await worker.catch_up()
            case "stopped":
                pass
        feeding.cancel()
        await worker.lanes.close()


@settings(max_examples=30)
@given(records=records, lives=lives, seed=st.integers(0, 2**32))
def test_nothing_is_lost_and_each_key_is_in_order_whoever_is_killed_when(
    records: list[tuple[bytes | None, bytes]], lives: list[tuple[float, Ending]], seed: int
) -> None:
    story = Story(records, seed)

    async def scenario() -> None:
        for how_long_s, ending in [*lives, (0.0, "finished")]:
            event(ending)
            await story.live(how_long_s, ending)
            story.require_safe_position()

    with capture_logs():
        in_virtual_time(scenario())
    story.require_all_in_order()


@settings(max_examples=50)
@given(
    takes=st.lists(st.integers(0, 3), max_size=30),
    chance=st.randoms(use_true_random=False),
)
def test_the_position_is_the_first_record_that_is_not_done(
    takes: list[int], chance: random.Random
) -> None:
    prefix = Prefix(100)
    left: dict[int, int] = {}
    offset = 100
    for deliveries in takes:
        offset += chance.randrange(3)
        prefix.take(offset, offset * 10, deliveries)
        if deliveries:
            left[offset] = deliveries
        offset += 1
        while left and chance.random() < 0.5:
            chosen = chance.choice(list(left))
            left[chosen] -= 1
            assert prefix.finish(chosen) == (left[chosen] == 0)
            if not left[chosen]:
                del left[chosen]
        assert prefix.position == min(left, default=prefix.read_to)
        assert prefix.waiting >= len(left)
