"""Subjects that a receiver has named, kept so that they name nobody.

Owns the digests under which a removed subject is remembered, and the matching of events with it
(SSF section 8.1.3.1). Bound to the stream, so two streams' lists do not tell that they have
somebody in common.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec

SubjectDigests: TypeAlias = Mapping[str, str]
"""Digests of a complex subject's members by their names; of a simple subject, under no name."""

_DIGEST_BYTES: Final = 16
_encode: Final = msgspec.json.Encoder(order="sorted").encode


def subject_digests(subject: Mapping[str, object], stream_id: str) -> SubjectDigests:
    """What a stream remembers of a subject, simple or complex."""
    if subject.get("format") != "complex":
        return {"": _digest(subject, stream_id)}
    return {
        member: _digest(value, stream_id) for member, value in subject.items() if member != "format"
    }


def is_about(event_subject: SubjectDigests, named: SubjectDigests) -> bool:
    """Whether an event is about a named subject.

    Args:
        event_subject: of the complex subject with all that is known of the event.
        named: of what the receiver named. A simple subject may be the event's user, device or
            session. Of a complex one, every member that both have must be equal, and there must be
            one: a subject of which we know nothing is nobody's.
    """
    if "" in named:
        return named[""] in event_subject.values()
    both = named.keys() & event_subject.keys()
    return bool(both) and all(named[member] == event_subject[member] for member in both)


def _digest(identifier: object, stream_id: str) -> str:
    # Keyed by the stream's random id, which is 32 characters: as long as a key of BLAKE2b may be.
    key = stream_id.encode()[:64]
    return blake2b(_encode(identifier), digest_size=_DIGEST_BYTES, key=key).hexdigest()
