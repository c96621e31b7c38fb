"""Dead letters: the original record with its address, and an error code whose text is ours."""

from collections.abc import Iterator, Sequence

from tests.auditor.audit_order import by_id, due_places, misplaced
from tests.auditor.records import RawRecord
from tests.auditor.times import write_time

_PREFIX = "biolatch-"
_ADDED = ("topic", "partition", "offset", "timestamp")


def letter_differences(
    due: Sequence[RawRecord], written: Sequence[RawRecord], topic: str
) -> list[str]:
    """Differences of the dead-letter topic, by the address of the input."""
    found: list[str] = []
    what = "dead letter"
    due_by_address = {
        f"{letter.topic}/{letter.partition}/{letter.offset}": letter for letter in due
    }
    written_by_address = by_id(what, [(_address(letter), letter) for letter in written], found)
    found.extend(
        f"missing {what} {address}: {letter.value!r:.200}"
        for address, letter in due_by_address.items()
        if address not in written_by_address
    )
    found.extend(
        f"extra {what} {address}: {letter.value!r:.200}"
        for address, letter in written_by_address.items()
        if address not in due_by_address
    )
    places = due_places((address, letter.partition) for address, letter in due_by_address.items())
    found.extend(misplaced(what, places, written_by_address, topic))
    for address, letter in due_by_address.items():
        if address in written_by_address:
            texts = _content(letter, written_by_address[address])
            found.extend(f"{what} {address}: {text}" for text in texts)
    return found


def _content(due: RawRecord, written: RawRecord) -> Iterator[str]:
    if written.key != due.key:
        yield f"wrong key: {due.key!r} due, {written.key!r} written"
    added = _added_headers(written)
    original = [header for header in written.headers if not header[0].startswith(_PREFIX)]
    expected = [header for header in due.headers if not header[0].startswith(_PREFIX)]
    if original != expected:
        yield f"wrong original headers: {expected} due, {original} written"
    for name in ("error-code", "error-message"):
        if not added.get(name):
            yield f"no {_PREFIX}{name}"
    times = (str(due.timestamp_ms), write_time(due.timestamp_ms))
    if added.get("original-timestamp") not in times:
        yield f"wrong timestamp: {times[0]} due, {added.get('original-timestamp')} written"
    if "truncated" not in added:
        if written.value != due.value:
            yield f"wrong value: {due.value!r:.200} due, {written.value!r:.200} written"
    elif (
        due.value is None
        or written.value is None
        or len(written.value) >= len(due.value)
        or not due.value.startswith(written.value)
    ):
        yield "marked as truncated, but its value is no beginning of the original"


def _added_headers(letter: RawRecord) -> dict[str, str]:
    """The last value of each of our headers, without the prefix: the original may carry some."""
    return {
        name[len(_PREFIX) :]: (value or b"").decode(errors="replace")
        for name, value in letter.headers
        if name.startswith(_PREFIX)
    }


def _address(letter: RawRecord) -> str:
    added = _added_headers(letter)
    names = ("original-topic", "original-partition", "original-offset")
    return "/".join(added.get(name, "(absent)") for name in names)
