"""A log that was repartitioned, told as if it had had its new partitions all along.

The auditor knows one partition for each device. So every place is given another name: what a device
got before the move comes first in its new partition, in its old order, and what it got afterwards
follows. Nothing else is changed, and a record that lies where it must not keeps saying so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from agents.erasure_keys import ErasureKeys
from deploy.records.partitioner import partition_of
from tests.auditor.records import RawRecord
from tests.faults.edges import until
from tests.faults.group_watch import GroupWatch

MORE = 12
MOVED_FROM = "biolatch-moved-from"
AS_OF = "biolatch-as-of"
_ERASED = b"\x00erased/"
_WATERMARK = 6
_NOWHERE = -1

Place = tuple[int, int]


class OneLayout:
    """New names for old places.

    Args:
        inputs: the whole input.
        moved_at: by partition the first offset that was decided after the move, or copied by it.
        partitions: how many there are since.
    """

    def __init__(
        self, inputs: Sequence[RawRecord], moved_at: Mapping[int, int], partitions: int
    ) -> None:
        self._partitions = partitions
        self._moved_at = moved_at
        copied = {_header(record, MOVED_FROM) for record in inputs}
        kept = [
            record
            for record in inputs
            if f"{record.topic}/{record.partition}/{record.offset}" not in copied
        ]
        kept.sort(key=lambda each: (self.is_after((each.partition, each.offset)), *each[1:3]))
        self._at: dict[Place, Place] = {}
        self._key_at: dict[Place, bytes | None] = {}
        self._last_before: dict[bytes, int] = {}
        counts: Counter[int] = Counter()
        self.inputs: list[RawRecord] = []
        for record in kept:
            old = (record.partition, record.offset)
            home = self.home(record)
            new = (home, counts[home])
            counts[home] += 1
            self._at[old] = new
            self._key_at[old] = record.key
            if not self.is_after(old):
                self._last_before[record.key or b""] = new[1]
            headers = [each for each in record.headers if each[0] != MOVED_FROM]
            self.inputs.append(record._replace(partition=home, offset=new[1], headers=headers))

    def home(self, record: RawRecord) -> int:
        return (
            record.partition if record.key is None else partition_of(record.key, self._partitions)
        )

    def is_after(self, place: Place) -> bool:
        return place[1] >= self._moved_at.get(place[0], 0)

    def outputs(self, written: Sequence[RawRecord], name: str) -> list[RawRecord]:
        """Records whose last header of that name begins with the place of their input."""
        found: list[RawRecord] = []
        for record in self._in_order(written, name):
            topic, partition, offset, *rest = _header(record, name).split("/")
            new = self._at[int(partition), int(offset)]
            text = "/".join([topic, str(new[0]), str(new[1]), *rest])
            found.append(
                record._replace(
                    partition=new[0] if record.partition == int(partition) else _NOWHERE,
                    offset=len(found),
                    headers=_with_last(record.headers, name, text),
                )
            )
        return found

    def _in_order(self, written: Sequence[RawRecord], name: str) -> list[RawRecord]:
        def order(record: RawRecord) -> tuple[Any, ...]:
            _, partition, offset, *_ = _header(record, name).split("/")
            return self.is_after((int(partition), int(offset))), record.partition, record.offset

        return sorted(written, key=order)

    def letters(self, written: Sequence[RawRecord]) -> list[RawRecord]:
        """Dead letters, which name the place of their input in two headers."""
        names = ("biolatch-original-partition", "biolatch-original-offset")
        found: list[RawRecord] = []
        for record in sorted(written, key=lambda each: each[1:3]):
            old = (int(_header(record, names[0])), int(_header(record, names[1])))
            new = self._at[old]
            headers = record.headers
            for name, number in zip(names, new, strict=True):
                headers = _with_last(headers, name, str(number))
            partition = new[0] if record.partition == old[0] else _NOWHERE
            found.append(record._replace(partition=partition, offset=new[1], headers=headers))
        return found

    def states(self, written: Sequence[RawRecord]) -> list[RawRecord]:
        """Public states without those that the move itself has written, which are checked here."""
        last: dict[tuple[int, bytes | None], RawRecord] = {}
        by_workers: list[RawRecord] = []
        taken_away: dict[bytes | None, RawRecord] = {}
        copies: list[RawRecord] = []
        for record in sorted(written, key=lambda each: each[1:3]):
            before = last.get((record.partition, record.key))
            last[record.partition, record.key] = record
            if record.partition != int(_header(record, AS_OF).split("/")[1]):
                copies.append(record)
            elif (
                record.value is None
                and before is not None
                and before.value is not None
                and before.headers == record.headers
            ):
                taken_away[record.key] = before
            else:
                by_workers.append(record)
        assert {each.key for each in copies} == set(taken_away)
        for copy in copies:
            assert copy.partition == self.home(copy)
            assert copy[5:] == taken_away[copy.key][5:]
        return self.outputs(by_workers, AS_OF)

    def rows(self, changelog: Sequence[RawRecord], keys: ErasureKeys) -> list[RawRecord]:
        """The last row of every device, where it lies, as of the new name of its last event.

        Copies of a mark in partitions where its device never comes are left out.
        """
        last: dict[tuple[int, bytes], RawRecord] = {}
        for record in sorted(changelog, key=lambda each: each[1:3]):
            last[record.partition, record.key or b""] = record
        devices = {each.key.decode(errors="replace") for each in self.inputs if each.key}
        marked = {_ERASED + mark: name for name in devices for mark in keys.device_marks(name)}
        found: list[RawRecord] = []
        for (number, key), record in last.items():
            if record.value is None or (key.startswith(b"\x00") and key not in marked):
                continue
            device = marked[key].encode() if key in marked else key
            if key not in marked or partition_of(device, self._partitions) == number:
                found.append(record._replace(value=self._as_of(record, device)))
        return found

    def _as_of(self, row: RawRecord, device: bytes) -> bytes:
        assert row.value is not None
        fields: list[Any] = msgspec.msgpack.decode(row.value[1:])
        place = (row.partition, fields[_WATERMARK])
        if self._key_at.get(place) == device:
            fields[_WATERMARK] = self._at[place][1]
        else:  # it has moved, and no event has touched it since
            assert fields[_WATERMARK] == self._moved_at.get(row.partition, 0) - 1
            fields[_WATERMARK] = self._last_before[device]
        return row.value[:1] + msgspec.msgpack.encode(fields)


def _header(record: RawRecord, name: str) -> str:
    return next(
        ((value or b"").decode() for given, value in reversed(record.headers) if given == name), ""
    )


def _with_last(
    headers: Sequence[tuple[str, bytes | None]], name: str, text: str
) -> list[tuple[str, bytes | None]]:
    changed = list(headers)
    place = max(at for at, (given, _) in enumerate(changed) if given == name)
    changed[place] = (name, text.encode())
    return changed


def bursts(records: Iterator[tuple[RawRecord, str | None]], count: int) -> list[RawRecord]:
    """So many records of an endless history."""
    return [record for record, _ in (next(records) for _ in range(count))]


async def caught_up(servers: str, partitions: int) -> None:
    """Wait until every event is decided."""
    watch = GroupWatch(servers, partitions)

    async def there() -> bool:
        committed, ends = await watch.committed(), await watch.input_ends()
        return all(committed.get(number, 0) == end for number, end in ends.items())

    await until(there)
