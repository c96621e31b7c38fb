"""Where rows, marks, states and positions belong under another partition count; pure.

Owns the move of everything that a changelog holds. Rows of devices go to the partition of their
key. A mark of an erased device does not tell whose it is, so it goes to every partition that the
device may have come to: to those whose number agrees with its own modulo the greatest common
divisor of both counts.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import gcd
from typing import Final, NamedTuple, TypeAlias

from agents.device_rows import decode_row
from agents.erasure_keys import ErasureKeys
from agents.lane.port import RESERVED_KEY_PREFIX
from agents.lane.position import POSITION_KEY, Position, UnreadablePosition, decode_position
from agents.row_places import ERASED_PREFIX, KEY_ID_KEY
from agents.row_watermarks import with_watermark
from deploy.records.partitioner import partition_of
from events.errors import Misconfigured
from schemas.topics import DEVICE_EVENTS

Rows: TypeAlias = Mapping[int, Mapping[bytes, bytes]]
"""What a changelog holds, by partition and key."""

Changes: TypeAlias = dict[int, dict[bytes, bytes | None]]
"""What has to be written, by partition and key; None deletes."""

_KNOWN_KEYS: Final = (POSITION_KEY, KEY_ID_KEY)


class Moves(NamedTuple):
    """What changes in a changelog.

    Attributes:
        changes: all of it, positions included.
        devices: how many rows of devices there are.
        devices_moved: how many of them go to another partition.
        marks: how many marks of erased devices there are.
        marks_copied: how many copies of them are made.
    """

    changes: Changes
    devices: int
    devices_moved: int
    marks: int
    marks_copied: int


def positions_of(rows: Rows) -> dict[int, Position]:
    """The position of every partition that has one.

    Raises:
        Misconfigured: one cannot be read, or they were made with different partition counts.
    """
    found: dict[int, Position] = {}
    for number, of_partition in rows.items():
        value = of_partition.get(POSITION_KEY)
        if value is None:
            if of_partition:
                raise Misconfigured(
                    "repartition.no-position",
                    f"partition {number} of the changelog has rows and no position: "
                    f"biolatch position reset {number} --to-earliest says what can be done",
                )
            continue
        try:
            found[number] = decode_position(value)
        except UnreadablePosition as error:
            raise Misconfigured(
                "repartition.no-position", f"partition {number} of the changelog: {error}"
            ) from error
    if len({position.partition_count for position in found.values()}) > 1:
        raise Misconfigured(
            "repartition.mixed",
            "the changelog's partitions were made with different partition counts, which this "
            "command never leaves behind; restore the changelog topic",
        )
    return found


def moves(
    rows: Rows,
    *,
    old_count: int,
    new_count: int,
    starts: Mapping[int, int],
    row_format: int,
    keys: ErasureKeys | None,
) -> Moves:
    """What has to be written so that every device's row stands where its events will be.

    Args:
        rows: what the changelog holds.
        old_count: how many partitions the input had when it was written.
        new_count: how many it has from now on.
        starts: by partition the input offset at which it goes on.
        row_format: the newest row format that may be among the rows.
        keys: of erasure marks; needed only amid a rotation.

    Raises:
        Misconfigured: the changelog holds what this version cannot move.
    """
    changes: Changes = {number: {} for number in range(new_count)}
    devices = devices_moved = 0
    for number, of_partition in rows.items():
        for key, row in of_partition.items():
            if key.startswith(RESERVED_KEY_PREFIX):
                continue
            devices += 1
            home = partition_of(key, new_count)
            if partition_of(key, old_count) != number:
                raise _astray(number)
            if home != number:
                devices_moved += 1
                changes[home][key] = with_watermark(row, starts[home] - 1)
                changes[number][key] = None
    marks, copies = _marks(rows, old_count, new_count, starts, changes)
    _put_key_ids(rows, old_count, new_count, keys, changes)
    for number in range(new_count):
        position = Position(DEVICE_EVENTS, starts[number], new_count, row_format)
        changes[number][POSITION_KEY] = position.encode()
    return Moves(changes, devices, devices_moved, marks, copies)


def may_come_to(number: int, old_count: int, new_count: int) -> Iterator[int]:
    """Where a device of a partition may be under the new count, when nobody knows its key."""
    step = gcd(old_count, new_count)
    yield from range(number % step, new_count, step)


def _marks(
    rows: Rows, old_count: int, new_count: int, starts: Mapping[int, int], changes: Changes
) -> tuple[int, int]:
    """Put copies of marks; return how many marks and copies there are.

    Two partitions may hold one mark, from an earlier move; the later erasure counts in both.
    """
    latest: dict[int, dict[bytes, bytes]] = defaultdict(dict)
    marks = 0
    for number, of_partition in rows.items():
        for key, row in of_partition.items():
            if not key.startswith(ERASED_PREFIX):
                _require_known(key)
                continue
            marks += 1
            for target in may_come_to(number, old_count, new_count):
                other = latest[target].get(key)
                if other is None or _erased_ms(row) > _erased_ms(other):
                    latest[target][key] = row
    copies = 0
    for target, by_key in latest.items():
        standing = rows.get(target, {})
        for key, row in by_key.items():
            there = standing.get(key)
            if there is None or _erased_ms(row) > _erased_ms(there):
                copies += 1
                changes[target][key] = with_watermark(row, starts[target] - 1)
    return marks, copies


def _put_key_ids(
    rows: Rows, old_count: int, new_count: int, keys: ErasureKeys | None, changes: Changes
) -> None:
    """Name the key of marks in every partition that may have got marks from one that names it."""
    named: dict[int, set[bytes]] = defaultdict(set)
    for number, of_partition in rows.items():
        key_id = of_partition.get(KEY_ID_KEY)
        if key_id is not None:
            for target in may_come_to(number, old_count, new_count):
                named[target].add(key_id)
    for target, key_ids in named.items():
        key_id = _newest(key_ids, keys)
        if rows.get(target, {}).get(KEY_ID_KEY) != key_id:
            changes[target][KEY_ID_KEY] = key_id


def _newest(key_ids: set[bytes], keys: ErasureKeys | None) -> bytes:
    if len(key_ids) == 1:
        return next(iter(key_ids))
    if keys is None or not key_ids <= set(keys.key_ids):
        raise Misconfigured(
            "erasure.key-missing",
            "partitions name different keys of erasure marks, as amid a rotation; set "
            "BIOLATCH_ERASURE__MARK_KEYS_FILE as it is set on the workers",
        )
    return min(key_ids, key=keys.key_ids.index)


def _erased_ms(row: bytes) -> int:
    return decode_row(row).erased_ms or 0


def _require_known(key: bytes) -> None:
    if key.startswith(RESERVED_KEY_PREFIX) and key not in _KNOWN_KEYS:
        raise Misconfigured(
            "repartition.unknown-key",
            "the changelog holds a record that this version does not know, so it cannot move it; "
            "use the newer version",
        )


def _astray(number: int) -> Misconfigured:
    return Misconfigured(
        "repartition.other-partitioner",
        f"partition {number} has rows of devices that belong elsewhere: some publisher does not "
        "partition as Kafka's Java clients do (murmur2), so their order is not known. Mend the "
        "publisher, and see those devices with `biolatch explain DEVICE`",
    )
