"""Verdicts and decisions of one partition, brought back into the order of their inputs.

They lie in two topics, which are read at two speeds. A verdict that overtook the decision before it
could tell a receiver of a session after telling it that all sessions are revoked. What makes the
order known: every input has a verdict, and the verdicts and decisions of an input are committed
together. Pure; one topic alone needs none of this.
"""

import heapq
from typing import Final, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")


class Place(NamedTuple):
    """Where an output stands: behind which input, and which one of its outputs it is."""

    input_offset: int
    output: int


def place_of(event_id: str) -> Place:
    """The place that an output's id names: `<input topic>/<partition>/<offset>/<index>`.

    Raises:
        ValueError: it names none.
    """
    _, offset, index = event_id.rsplit("/", 2)
    return Place(int(offset), int(index))


class InputOrder(Generic[Item]):
    """Holds what was read until everything that comes before it was read, too."""

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._waiting: Final[list[tuple[Place, int, Item]]] = []
        self._taken = 0
        self._last_places: Final = {False: Place(-1, 0), True: Place(-1, 0)}
        self._last_verdict = -1
        self._horizon = -1
        self._checkpoint: tuple[int, int] | None = None

    def take(self, place: Place | None, item: Item, *, is_verdict: bool) -> None:
        """A record was read; those of one topic come in order.

        Args:
            place: None for a record that names none: it follows the one before it in its topic.
            item: what to hold.
            is_verdict: from which of the two topics.
        """
        self._taken += 1
        place = self._last_places[is_verdict] if place is None else place
        self._last_places[is_verdict] = place
        heapq.heappush(self._waiting, (place, self._taken, item))
        if is_verdict:
            self._last_verdict = place.input_offset

    @property
    def wants_end(self) -> bool:
        """Whether verdicts were read of which it is not known if all decisions before them were."""
        return self._checkpoint is None and self._last_verdict > self._horizon

    def decisions_end(self, offset: int) -> None:
        """The decisions' topic ends at this offset, asked after the last verdict was read."""
        self._checkpoint = (self._last_verdict, offset)

    def decisions_read_to(self, offset: int) -> None:
        """Decisions before this offset were taken."""
        if self._checkpoint is not None and offset >= self._checkpoint[1]:
            self._horizon = self._checkpoint[0]
            self._checkpoint = None

    def release(self) -> list[Item]:
        """What may go on now, in order."""
        released: list[Item] = []
        while self._waiting and self._waiting[0][0].input_offset <= self._horizon:
            released.append(heapq.heappop(self._waiting)[2])
        return released
