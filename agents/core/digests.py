"""Digests: how events and keys are remembered in a few bytes.

64-bit BLAKE2b, kept as one run of bytes, oldest first. With at most 16 remembered events a chance
collision stands at 1 in 10^18 per event; an attacker gains nothing by one: the event is refused.
"""

from hashlib import blake2b

from agents.core.state import DIGEST_BYTES


def event_digest(source: str, event_id: str) -> bytes:
    """Digest of `source`, NUL, `id` (ids are printable, so NUL cannot stand in either)."""
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=DIGEST_BYTES).digest()


def key_digest(key_id: str) -> bytes:
    """Digest of a key id."""
    return blake2b(key_id.encode(), digest_size=DIGEST_BYTES).digest()


def challenge_digest(challenge: str) -> bytes:
    """Digest of a challenge that a device signed."""
    return blake2b(challenge.encode(), digest_size=DIGEST_BYTES).digest()


def remembers(digests: bytes, digest: bytes) -> bool:
    """Whether a run of digests holds this one (at a digest's place, not across two)."""
    place = digests.find(digest)
    while place % DIGEST_BYTES and place != -1:
        place = digests.find(digest, place + 1)
    return place != -1


def remember(digests: bytes, digest: bytes, count_max: int) -> bytes:
    """The run with one digest more, the oldest forgotten beyond `count_max`."""
    return (digests + digest)[-count_max * DIGEST_BYTES :]
