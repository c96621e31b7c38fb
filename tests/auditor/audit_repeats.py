"""What a `read_uncommitted` reader sees: repeats at most, and it can drop them (design, section 6).

One number per source partition is enough: the highest input offset seen so far. Whatever is not
beyond it was there before, and what remains is what a `read_committed` reader gets.
"""

from collections import defaultdict
from collections.abc import Sequence

from tests.auditor.records import RawRecord


def repeat_differences(
    committed: Sequence[RawRecord], uncommitted: Sequence[RawRecord]
) -> list[str]:
    """Where the verdicts of such a reader, repeats dropped, are not the committed ones."""
    kept: dict[int, list[RawRecord]] = defaultdict(list)
    highest: dict[int, int] = defaultdict(lambda: -1)
    for record in sorted(uncommitted, key=lambda record: record.offset):
        offset = int(_id(record).split("/")[-2])
        if offset > highest[record.partition]:
            highest[record.partition] = offset
            kept[record.partition].append(record)
    found: list[str] = []
    due: dict[int, list[RawRecord]] = defaultdict(list)
    for record in sorted(committed, key=lambda record: record.offset):
        due[record.partition].append(record)
    for partition in sorted(due.keys() | kept.keys()):
        expected = [(_id(record), record.value) for record in due[partition]]
        read = [(_id(record), record.value) for record in kept[partition]]
        if expected != read:
            differing = (pair for pair in zip(expected, read, strict=False) if pair[0] != pair[1])
            found.append(
                f"a reader that drops repeats on partition {partition} has {len(read)} verdicts, "
                f"{len(expected)} due; the first that differs: {next(differing, None)}"
            )
    return found


def _id(record: RawRecord) -> str:
    return next((value or b"").decode() for name, value in record.headers if name == "ce_id")
