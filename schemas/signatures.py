"""What a publisher signs: the canonical form of an event, and how its signature travels.

Owns the contract between whoever signs and whoever verifies (docs/signatures.md). The signature is
a detached compact JWS (RFC 7515) whose payload is not encoded (RFC 7797), in a header of the
record. Covered are the key, the value and every attribute that CloudEvents 1.0 itself defines:
everything that a rule looks at. Extension attributes are not, for no rule looks at them and tracing
adds its own on the way; nor is the record's timestamp, which is the broker's.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

SIGNATURE_HEADER: Final = "ce_signature"
"""The record header with the signature: CloudEvents' extension attribute `signature`."""

JWS_TYPE: Final = "biolatch-event+jws"
"""Member `typ` of the JWS header: a signature made for anything else does not pass for one of an
event."""

JWS_CRITICAL: Final = ("b64",)
"""Member `crit` of the JWS header, which RFC 7797 demands."""

_FORM: Final = b"16:biolatch-event-1,"
_SIGNED_HEADERS: Final = (
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_subject",
    "ce_time",
    "ce_dataschema",
)
_ABSENT: Final = b"-,"

Headers: TypeAlias = Sequence[tuple[str, bytes | None]]


def canonical_form(key: bytes | None, value: bytes | None, headers: Headers) -> bytes:
    """The bytes that are signed: the same for the same event, and for no other one.

    Netstrings (length in decimal, colon, bytes, comma) of the name of this form, the key, the
    signed headers in their order, and the value; a hyphen and a comma for what is not there. So
    whatever stands in a header, it cannot pass for another one. In structured mode the attributes
    stand in the value, and their headers are not there. Of a header that is repeated the last one
    counts; such a record is refused when it is read.
    """
    by_name = dict(headers)
    parts = [_FORM, _netstring(key)]
    parts += [_netstring(by_name.get(name)) for name in _SIGNED_HEADERS]
    parts.append(_netstring(value))
    return b"".join(parts)


def _netstring(field: bytes | None) -> bytes:
    return _ABSENT if field is None else b"%d:%b," % (len(field), field)
