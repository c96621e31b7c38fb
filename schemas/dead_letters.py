"""What becomes of a record that cannot be decoded: the original, and why.

Owns the form of the dead-letters topic (design section 5). Nothing of the original is changed; what
is too large to keep is cut, and marked. Headers added here stand behind the original ones.
"""

from typing import Final, NamedTuple

from schemas.outputs import OutputRecord
from schemas.plain_inputs import Headers
from schemas.topics import DEAD_LETTER_VALUE_BYTES_MAX

ENVELOPE_BYTES_MAX: Final = 64 * 1024
"""Longest key, and largest set of headers, that a dead letter keeps."""

TRUNCATED_HEADER: Final = "biolatch-truncated"

UNREADABLE_BATCH_HEADER: Final = "biolatch-batch-unreadable"
"""On a record that stands for one of a batch that cannot be unpacked: without key and value."""

_OWN_PREFIX: Final = "biolatch-"


class Origin(NamedTuple):
    """Where a record stood: its topic, partition, offset and timestamp."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int


def dead_letter(
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    origin: Origin,
    code: str,
    message: str,
) -> OutputRecord:
    """The dead letter of a record: original key, value and headers, then the six of its own.

    A value beyond `DEAD_LETTER_VALUE_BYTES_MAX` is cut, so is a key beyond `ENVELOPE_BYTES_MAX`;
    headers beyond it are left out. Header `biolatch-truncated` names what is not whole.
    """
    cut: list[str] = []
    if value is not None and len(value) > DEAD_LETTER_VALUE_BYTES_MAX:
        value = value[:DEAD_LETTER_VALUE_BYTES_MAX]
        cut.append("value")
    if key is not None and len(key) > ENVELOPE_BYTES_MAX:
        key = key[:ENVELOPE_BYTES_MAX]
        cut.append("key")
    kept = list(headers)
    if _size(kept) > ENVELOPE_BYTES_MAX:
        kept = []
        cut.append("headers")
    why: list[tuple[str, bytes | None]] = [
        ("biolatch-original-topic", origin.topic.encode()),
        ("biolatch-original-partition", str(origin.partition).encode()),
        ("biolatch-original-offset", str(origin.offset).encode()),
        ("biolatch-original-timestamp", str(origin.timestamp_ms).encode()),
        ("biolatch-error-code", code.encode()),
        ("biolatch-error-message", message.encode()),
    ]
    mark: list[tuple[str, bytes | None]] = (
        [(TRUNCATED_HEADER, ",".join(cut).encode())] if cut else []
    )
    return key, value, [*kept, *why, *mark]


def _size(headers: Headers) -> int:
    return sum(len(name.encode()) + len(value or b"") for name, value in headers)


def original_headers(headers: Headers) -> Headers:
    """A dead letter's headers without those that biolatch has added, on whatever occasion."""
    return [header for header in headers if not header[0].startswith(_OWN_PREFIX)]
