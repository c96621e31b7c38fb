"""Offsets committed for the group: never beyond what was durable, whenever one looked."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from tests.auditor.records import Delivery, RawRecord

_Places = dict[tuple[str, int], list[tuple[int, int]]]


def commit_differences(written: Sequence[RawRecord], delivery: Delivery) -> list[str]:
    """A commit whose outputs were not all in the log by then, or one that went back.

    `written` are all verdicts, decisions and dead letters of a `read_committed` consumer. What lies
    in the log counts even where its transaction's marker followed a moment later: a transaction is
    decided before its markers are written, and the group's offsets may become visible first.
    """
    found: list[str] = []
    reached: dict[int, int] = defaultdict(int)
    outputs = _outputs(written)
    latest = {
        place: list(accumulate((at for _, at in pairs), max)) for place, pairs in outputs.items()
    }
    for look in delivery.watched:
        if look.committed < reached[look.partition]:
            found.append(
                f"the offset of the group on {look.partition} went back from "
                f"{reached[look.partition]} to {look.committed}"
            )
        reached[look.partition] = max(reached[look.partition], look.committed)
        for topic, end in look.output_ends.items():
            pairs = outputs.get((topic, look.partition), [])
            below = bisect_left(pairs, (look.committed, -1))
            if below and latest[topic, look.partition][below - 1] >= end:
                found.append(
                    f"offset {look.committed} of partition {look.partition} was committed when "
                    f"{topic} reached only to {end}"
                )
    return found


def _outputs(written: Sequence[RawRecord]) -> _Places:
    """By topic and partition: input offset and own offset of each output, by input offset."""
    places: _Places = defaultdict(list)
    for record in written:
        for offset in _input_offset(record):
            places[record.topic, record.partition].append((offset, record.offset))
    for pairs in places.values():
        pairs.sort()
    return places


def _input_offset(record: RawRecord) -> Iterator[int]:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    named = headers.get("biolatch-original-offset")
    if named is None:
        parts = headers.get("ce_id", "").split("/")
        named = parts[-2] if len(parts) > 1 else ""
    if named.isdecimal():
        yield int(named)
