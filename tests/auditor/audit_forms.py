"""Verdicts and decisions: what was written against what was due."""

import json
from collections.abc import Iterator, Sequence

from tests.auditor.audit_order import by_id, due_places, misplaced
from tests.auditor.records import RawRecord, WireForm

ABSENT = "(absent)"


def form_differences(what: str, due: Sequence[WireForm], written: Sequence[RawRecord]) -> list[str]:
    """Differences of one topic, by `ce_id`."""
    found: list[str] = []
    due_by_id = {form.headers["ce_id"]: form for form in due}
    written_by_id = by_id(what, [(_event_id(record), record) for record in written], found)
    missing = {name: form for name, form in due_by_id.items() if name not in written_by_id}
    extra = {name: record for name, record in written_by_id.items() if name not in due_by_id}
    for wrong, right in _same_but_for_the_id(missing, extra):
        found.append(f"wrong id of a {what}: {right} due, {wrong} written")
        del missing[right], extra[wrong]
    found.extend(f"missing {what} {name}: {_summary(form)}" for name, form in missing.items())
    found.extend(f"extra {what} {name}: {record.value!r}" for name, record in extra.items())
    if due:
        places = due_places((name, form.partition) for name, form in due_by_id.items())
        found.extend(misplaced(what, places, written_by_id, due[0].topic))
    for name, form in due_by_id.items():
        if name in written_by_id:
            record = written_by_id[name]
            found.extend(f"{what} {name}: {text}" for text in _content(form, record))
    return found


def value_differences(path: str, due: object, written: object) -> Iterator[str]:
    """Field by field, both values named; true is not 1 and 1.0 is not 1."""
    if isinstance(due, dict) and isinstance(written, dict):
        for name in sorted(due.keys() | written.keys()):
            below = f"{path}.{name}"
            yield from value_differences(below, due.get(name, ABSENT), written.get(name, ABSENT))
    elif type(due) is not type(written) or due != written:
        yield f"wrong {path}: {due!r} due, {written!r} written"


def parsed(value: bytes | None) -> object:
    """The JSON of a record, or a text that says why it is none."""
    if value is None:
        return "(tombstone)"
    try:
        return json.loads(value.decode(), object_pairs_hook=_without_repeats)
    except ValueError as error:
        return f"(not JSON: {error})"


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key is repeated")
    return dict(pairs)


def _content(form: WireForm, record: RawRecord) -> Iterator[str]:
    yield from value_differences("key", form.key.encode(), record.key)
    headers = _headers(record)
    relevant = {
        name: value
        for name, value in headers.items()
        if name.startswith("ce_") or name == "content-type"
    }
    yield from value_differences("header", form.headers, relevant)
    if len(headers) != len(record.headers):
        yield f"a header is repeated: {[name for name, _ in record.headers]}"
    yield from value_differences("value", form.value, parsed(record.value))


def _headers(record: RawRecord) -> dict[str, str]:
    return {name: (value or b"").decode(errors="replace") for name, value in record.headers}


def _event_id(record: RawRecord) -> str:
    without = f"(without ce_id, at {record.topic}/{record.partition}/{record.offset})"
    return _headers(record).get("ce_id", without)


def _same_but_for_the_id(
    missing: dict[str, WireForm], extra: dict[str, RawRecord]
) -> list[tuple[str, str]]:
    """Pairs (written id, due id) of records that differ in nothing else."""
    pairs, left = [], dict(extra)
    for right, form in missing.items():
        for wrong, record in left.items():
            renamed = form._replace(headers={**form.headers, "ce_id": wrong})
            if record.partition == form.partition and not any(_content(renamed, record)):
                pairs.append((wrong, right))
                del left[wrong]
                break
    return pairs


def _summary(form: WireForm) -> str:
    return f"{form.headers['ce_type']} {json.dumps(form.value, ensure_ascii=False)}"
