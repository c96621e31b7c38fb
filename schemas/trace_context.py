"""The trace that a record belongs to: W3C Trace Context, as CloudEvents and Kafka clients carry it.

Owns where a `traceparent` may stand: CloudEvents' extension attribute, which names the trace that
an event began in, before the header that instrumented Kafka clients add. A text that is none is
passed over; no rule ever looks at it.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

TRACE_HEADER: Final = "ce_traceparent"
"""CloudEvents' Distributed Tracing extension in binary mode."""

_HOP_HEADER: Final = "traceparent"

# Later versions may add members behind the flags; ff is no version (W3C Trace Context 3.2).
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[ -~]{1,200})?"
)


class _Envelope(msgspec.Struct):
    """The one member that is looked for in structured mode."""

    traceparent: str | None = None


_decode_envelope: Final = msgspec.json.Decoder(_Envelope).decode


def trace_of(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> str | None:
    """The `traceparent` of a record of the input; None where it has none, or none that is valid."""
    hop: bytes | None = None
    is_structured = False
    for name, text in headers:
        if text is None:
            continue
        if name == TRACE_HEADER:
            return _checked(text)
        if name == _HOP_HEADER:
            hop = text
        elif name == "content-type":
            is_structured = text.startswith(b"application/cloudevents")
    if is_structured and value is not None:
        inside = _inside(value)
        if inside is not None:
            return _checked(inside)
    return None if hop is None else _checked(hop)


def is_sampled(traceparent: str) -> bool:
    """Whether whoever began the trace records it."""
    return bool(int(traceparent[53:55], 16) & 1)


def trace_id(traceparent: str) -> str:
    """The id that all parts of the trace share, 32 hexadecimal digits."""
    return traceparent[3:35]


def _checked(text: bytes) -> str | None:
    return text.decode() if _TRACEPARENT.fullmatch(text) else None


def _inside(value: bytes) -> bytes | None:
    try:
        text = _decode_envelope(value).traceparent
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # the rules' reader says what is wrong with it
    return None if text is None else text.encode(errors="replace")
