"""Every kind of record that cannot be decoded, and the code that it gets."""

from collections.abc import Iterator

from schemas.malformed import MalformedCode as Code
from tests.unit.malformed.envelopes import ATTRIBUTES, BROKEN_ATTRIBUTES, BROKEN_RECORDS
from tests.unit.malformed.fields import BROKEN_FIELDS
from tests.unit.malformed.texts import BROKEN_TEXTS
from tests.unit.sound_records import (
    FINISHED,
    SUBMITTED,
    Record,
    binary,
    compact,
    required_fields,
    structured,
)


def _rows() -> Iterator[tuple[str, tuple[Record, Code]]]:
    sound = compact(required_fields(FINISHED))
    in_binary = binary(FINISHED, sound)
    for name, broken in BROKEN_FIELDS.items():
        data = compact(broken.data)
        yield f"field: {name}, binary", (binary(broken.event_type, data), broken.code)
        yield f"field: {name}, structured", (structured(broken.event_type, data), broken.code)
    for name, (text, code) in BROKEN_TEXTS.items():
        event_type = SUBMITTED if "public key" in name else FINISHED
        yield f"text: {name}, binary", (binary(event_type, text), code)
        yield f"text: {name}, structured", (structured(event_type, text), code)
    for name, (attribute, value, code) in BROKEN_ATTRIBUTES.items():
        header = in_binary.with_header(f"ce_{attribute}", value.encode())
        yield f"attribute: {name}, binary", (header, code)
        member = structured(FINISHED, sound, **{attribute: value})
        yield f"attribute: {name}, structured", (member, code)
    for attribute in ATTRIBUTES:
        header = f"ce_{attribute}"
        missing = Code.ATTRIBUTE_MISSING
        yield f"{attribute} missing, binary", (in_binary.without_header(header), missing)
        yield f"{attribute} null, binary", (in_binary.with_header(header, None), missing)
        capitals = in_binary.without_header(header).with_more_headers((header.upper(), b"1.0"))
        yield f"{attribute} in capitals, binary", (capitals, missing)
        twice = in_binary.with_more_headers((header, dict(in_binary.headers)[header]))
        yield f"{attribute} repeated, binary", (twice, Code.HEADER_REPEATED)
        for why, value, code in (
            ("missing", ..., missing),
            ("null", None, missing),
            ("as number", 1, Code.FIELD_TYPE),
            ("as list", ["1.0"], Code.FIELD_TYPE),
        ):
            record = structured(FINISHED, sound, **{attribute: value})
            yield f"{attribute} {why}, structured", (record, code)
    for name, row in BROKEN_RECORDS.items():
        yield f"record: {name}", row


MALFORMED: dict[str, tuple[Record, Code]] = dict(_rows())
"""Every row by its name."""
