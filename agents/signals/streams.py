"""What is kept of a receiver's stream, and how it is stored.

Owns the stored form: records of the compacted topic of streams, a key for each thing that changes
by itself, so that two processes never overwrite each other's change. A format version leads each
value, and what an older process cannot read it refuses.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

import msgspec

from events.errors import InvariantBroken
from schemas.named_subjects import SubjectDigests
from schemas.signal_types import SignalType, SubjectFormat

FORMAT: Final = 1


class DeliveryMethod(StrEnum):
    """Who begins: the transmitter (RFC 8935) or the receiver (RFC 8936)."""

    PUSH = "urn:ietf:rfc:8935"
    POLL = "urn:ietf:rfc:8936"


class StreamStatus(StrEnum):
    """Whether events are sent, held, or neither (SSF section 8.1.2)."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a stream's events reach the receiver.

    Attributes:
        method: push or poll.
        endpoint_url: where to push; None for poll, whose address is ours.
        authorization_header: to show when pushing. A secret of the receiver's.
    """

    method: DeliveryMethod
    endpoint_url: str | None = None
    authorization_header: str | None = None


class Stream(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stream.

    Attributes:
        stream_id: 32 random hexadecimal digits.
        receiver: whose it is.
        delivery: how events get there.
        events_requested: event type URIs, known to us or not; None: all that are on offer.
        description: the receiver's own words.
        subject_format: how subjects are named.
        status, reason: whether events are sent, and why.
        begins_at: by topic, the first offset of each partition that is the stream's; events before
            it were there before the stream, or while it was disabled.
    """

    stream_id: str
    receiver: str
    delivery: Delivery
    events_requested: tuple[str, ...] | None = None
    description: str | None = None
    subject_format: SubjectFormat = SubjectFormat.ISS_SUB
    status: StreamStatus = StreamStatus.ENABLED
    reason: str | None = None
    begins_at: dict[str, list[int]] = {}

    def delivered(self, offered: tuple[SignalType, ...]) -> tuple[SignalType, ...]:
        """The types that the stream carries, of those on offer."""
        if self.events_requested is None:
            return offered
        return tuple(each for each in offered if each.value in self.events_requested)


class Verification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A verification event that is still to be delivered.

    Attributes:
        verification_id: of the request.
        state: what the receiver wants to see again.
        asked_ms: when it asked (ms since 1970).
    """

    verification_id: str
    asked_ms: int
    state: str | None = None


class RemovedSubject(msgspec.Struct, frozen=True, kw_only=True):
    """A subject that a receiver has removed from its stream."""

    digests: dict[str, str]


class Kind(StrEnum):
    """What a record is about; begins its key."""

    STREAM = "stream"
    SUBJECT = "subject"
    VERIFICATION = "verification"


class StoredKey(NamedTuple):
    """A key of the topic of streams: the stream, and what of it.

    Attributes:
        kind: of what.
        stream_id: whose.
        name: which one of several; empty for the stream itself.
    """

    kind: Kind
    stream_id: str
    name: str = ""

    def encoded(self) -> bytes:
        """As it is written."""
        return "/".join(self).rstrip("/").encode()


Stored: TypeAlias = Stream | Verification | RemovedSubject

_TYPES: Final[Mapping[Kind, type[Stored]]] = {
    Kind.STREAM: Stream,
    Kind.SUBJECT: RemovedSubject,
    Kind.VERIFICATION: Verification,
}


def subject_key(stream_id: str, digests: SubjectDigests) -> StoredKey:
    """Where a removed subject is kept: one place for one subject."""
    name = "+".join(f"{member}:{digest}" for member, digest in sorted(digests.items()))
    return StoredKey(Kind.SUBJECT, stream_id, name)


def encode_stored(value: Stored) -> bytes:
    """The value as it is written: the format, then JSON."""
    return b"%d " % FORMAT + msgspec.json.encode(value)


def decode_key(key: bytes | None) -> StoredKey:
    """Read a key.

    Raises:
        InvariantBroken: it is none of ours.
    """
    parts = (key or b"").decode("utf-8", "replace").split("/", 2)
    try:
        return StoredKey(Kind(parts[0]), *parts[1:])
    except (ValueError, TypeError) as error:
        raise InvariantBroken("signals.key-unreadable", "a key of the streams' topic") from error


def decode_stored(kind: Kind, value: bytes) -> Stored:
    """Read a value.

    Raises:
        InvariantBroken: it is damaged, or of a newer format than this process knows.
    """
    leading, _, document = value.partition(b" ")
    if leading != b"%d" % FORMAT:
        raise InvariantBroken("signals.format-unknown", "a newer process has written the streams")
    try:
        return msgspec.json.decode(document, type=_TYPES[kind])
    except msgspec.DecodeError as error:
        raise InvariantBroken("signals.value-unreadable", "a value of the streams") from error
