"""Where every user of every device stands, counted, and where each device's state lies.

Holds two numbers for each device: its hash, and one that says where its newest record is and how
its users stand. No id is kept. docs/how-to/console.md has what that takes of memory.
"""

from collections import Counter
from typing import Final, NamedTuple, TypeAlias

import msgspec

from agents.lane.port import Partition

_GROUPING_BITS: Final = 20
_GROUPINGS_MAX: Final = 1 << _GROUPING_BITS
_GROUPING_MASK: Final = _GROUPINGS_MAX - 1
_HASH_MASK: Final = (1 << 60) - 1
"""Python's smaller integers hold 60 bits."""


class Standing(NamedTuple):
    """How a user stands: status, and why, where they are off."""

    status: str
    reason: str


class StatePlace(NamedTuple):
    """Where a device's newest state lies."""

    partition: Partition
    offset: int


class _User(msgspec.Struct, frozen=True, gc=False):
    status: str = ""
    reason: str | None = None


class _State(msgspec.Struct, frozen=True, gc=False):
    users: dict[str, _User] = {}


_decode: Final = msgspec.json.Decoder(_State).decode

_Grouping: TypeAlias = tuple[Standing, ...]
"""The standings of all users of one device, sorted: few devices differ in it."""


class Standings:
    """The newest state of every device, as counts and places."""

    def __init__(self) -> None:
        """Begin with no device."""
        self._places: Final[dict[Partition, dict[int, int]]] = {}
        # What is beyond the bound is counted as a device without users.
        self._groupings: Final[list[_Grouping]] = [()]
        self._grouping_numbers: Final[dict[_Grouping, int]] = {(): 0}
        self._devices_of: Final[Counter[int]] = Counter()

    @property
    def devices(self) -> int:
        """How many devices have a state."""
        return sum(map(len, self._places.values()))

    def users(self) -> Counter[Standing]:
        """How many users stand how."""
        counts: Counter[Standing] = Counter()
        for number, devices in self._devices_of.items():
            for standing in self._groupings[number]:
                counts[standing] += devices
        return +counts

    def places_of(self, device: str) -> list[StatePlace]:
        """Where the device's newest record lies, in whichever partitions it has any.

        Two devices may share a hash, so what is found there has to be looked at.
        """
        key = _hash_of(device.encode())
        found = ((each, places.get(key)) for each, places in self._places.items())
        return [
            StatePlace(partition, packed >> _GROUPING_BITS)
            for partition, packed in found
            if packed is not None
        ]

    def take(self, partition: Partition, offset: int, key: bytes, value: bytes | None) -> None:
        """A further record of the topic; without a value its device has no state any more."""
        places = self._places.setdefault(partition, {})
        key_hash = _hash_of(key)
        before = places.get(key_hash)
        if before is not None:
            self._devices_of[before & _GROUPING_MASK] -= 1
        if value is None:
            places.pop(key_hash, None)
            return
        number = self._grouping_number(value)
        self._devices_of[number] += 1
        places[key_hash] = offset << _GROUPING_BITS | number

    def forget(self) -> None:
        """Begin anew, with no device."""
        self._places.clear()
        self._devices_of.clear()

    def _grouping_number(self, value: bytes) -> int:
        try:
            users = _decode(value).users.values()
        except msgspec.DecodeError:  # not written by biolatch
            return 0
        grouping = tuple(sorted(Standing(user.status, user.reason or "") for user in users))
        number = self._grouping_numbers.get(grouping)
        if number is None:
            if len(self._groupings) >= _GROUPINGS_MAX:
                return 0
            number = self._grouping_numbers[grouping] = len(self._groupings)
            self._groupings.append(grouping)
        return number


def _hash_of(key: bytes) -> int:
    # Python's own is seeded at each start, so nobody can make up devices that share one.
    return hash(key) & _HASH_MASK
