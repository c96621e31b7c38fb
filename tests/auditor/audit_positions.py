"""Position records: they only rise, belong to the rows beside them, end where the input ends."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.auditor.changelog import (
    KEY_ID_KEY,
    POSITION_KEY,
    ROW_FORMAT,
    Position,
    read_position,
    read_row,
)
from tests.auditor.records import Delivery, RawRecord


def position_differences(inputs: Sequence[RawRecord], delivery: Delivery) -> list[str]:
    """Differences of every partition's position records, and of the group's final offsets."""
    found: list[str] = []
    by_partition: dict[int, list[RawRecord]] = defaultdict(list)
    for record in sorted(delivery.changelog, key=lambda record: record.offset):
        by_partition[record.partition].append(record)
    last_inputs = {record.partition: -1 for record in inputs}
    for record in inputs:
        last_inputs[record.partition] = max(last_inputs[record.partition], record.offset)
    topic = inputs[0].topic if inputs else ""
    for partition, last_input in sorted(last_inputs.items()):
        what = f"position of partition {partition}"
        end = delivery.input_ends[partition]
        position = Position(topic, 0, len(delivery.input_ends), ROW_FORMAT)
        texts = _history(
            by_partition[partition], position, is_keyed=delivery.erasure_key is not None
        )
        found.extend(f"{what}: {text}" for text in texts)
        written = _last(by_partition[partition])
        if written is None:
            found.append(f"{what}: missing")
            continue
        if not last_input < written <= end:
            found.append(f"wrong {what}: {last_input + 1} to {end} due, {written} written")
        committed = delivery.committed.get(partition)
        if committed != written:
            found.append(f"wrong offset of the group on {partition}: {committed}, {what} {written}")
    return found


def _history(changelog: Sequence[RawRecord], due: Position, *, is_keyed: bool) -> Iterator[str]:
    """Each record in turn: a position covers the rows written since the one before, no more."""
    reached = 0
    rows: list[tuple[bytes | None, int]] = []
    for record in changelog:
        try:
            if record.key == KEY_ID_KEY or (record.value is None and is_keyed):
                continue  # neither says how far its device's row has come
            if record.key != POSITION_KEY:
                rows.append((record.key, read_row(record.value)["watermark"]))
                continue
            position = read_position(record.value)
        except (ValueError, TypeError) as error:
            yield f"unreadable at {record.offset}: {error}"
            continue
        if position._replace(next_offset=0) != due:
            yield f"wrong at {record.offset}: {due} due but for the offset, {position} written"
        if position.next_offset < reached:
            yield f"wrong order: {position.next_offset} written after {reached}"
        for key, watermark in rows:
            if not reached <= watermark < position.next_offset:
                yield (
                    f"the row of {key!r} with watermark {watermark} lies between the positions "
                    f"{reached} and {position.next_offset}"
                )
        rows.clear()
        reached = position.next_offset
    if rows:
        yield f"{len(rows)} rows without a position behind them"


def _last(changelog: Sequence[RawRecord]) -> int | None:
    for record in reversed(changelog):
        if record.key == POSITION_KEY:
            try:
                return read_position(record.value).next_offset
            except (ValueError, TypeError):
                return None
    return None
