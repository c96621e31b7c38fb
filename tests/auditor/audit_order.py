"""Which due records were written, where, and in which order: the same for every topic."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from tests.auditor.records import RawRecord

_Id = TypeVar("_Id", bound=Hashable)


class Due(NamedTuple):
    """Where a record has to be: its partition, and its place in the order of that partition."""

    partition: int
    place: int


def due_places(ids: Iterable[tuple[_Id, int]]) -> dict[_Id, Due]:
    """The places of (id, partition) pairs that are given in the order in which they are due."""
    return {name: Due(partition, place) for place, (name, partition) in enumerate(ids)}


def by_id(
    what: str, written: Sequence[tuple[_Id, RawRecord]], found: list[str]
) -> dict[_Id, RawRecord]:
    """The first record of each id; repeats are reported."""
    counts = Counter(name for name, _ in written)
    found.extend(f"extra {what} {name}: written {n} times" for name, n in counts.items() if n > 1)
    return dict(reversed(written))


def misplaced(
    what: str, due: dict[_Id, Due], written: dict[_Id, RawRecord], topic: str
) -> list[str]:
    """Wrong topic, wrong partition, wrong order."""
    found = []
    on_partition: dict[int, list[tuple[int, _Id]]] = defaultdict(list)
    for name, record in written.items():
        if name not in due:
            continue
        if record.topic != topic:
            found.append(f"wrong topic of {what} {name}: {topic} due, {record.topic} written")
        if record.partition != due[name].partition:
            found.append(
                f"wrong partition of {what} {name}: "
                f"{due[name].partition} due, {record.partition} written"
            )
        else:
            on_partition[record.partition].append((record.offset, name))
    for records in on_partition.values():
        last: _Id | None = None
        for _, name in sorted(records, key=lambda entry: entry[0]):
            if last is not None and due[name].place < due[last].place:
                found.append(f"wrong order: {what} {name} written after {last}")
            else:
                last = name
    return found
