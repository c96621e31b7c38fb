"""What a device signs: the members of an attempt's and an enrollment's signature.

Owns the contract between apps and biolatch (docs/device-signatures.md). A device signature is a
compact JWS (RFC 7515) in field `device_signature`, made with the key that belongs to `key_id`. Its
payload repeats everything of the event that a rule may raise trust by, so that it fits this event
and no other one.
"""

from typing import Final, TypeAlias

from events.facts import AttemptFinished, EnrollmentSubmitted

ALGORITHM: Final = "ES256"
"""The only one: what the secure hardware of phones signs with."""

ATTEMPT_TYPE: Final = "biolatch-attempt+jws"
ENROLLMENT_TYPE: Final = "biolatch-enrollment+jws"
"""Member `typ` of the JWS header: what is signed for one purpose never serves for another."""

TOKEN_LENGTH_MAX: Final = 4096
"""Characters of a signature; one with ids of full length takes about half."""

ISSUED_AT: Final = "iat"
"""When the phone signed: whole seconds since 1970, in every payload beside the event's members."""

Members: TypeAlias = dict[str, str | int]


def attempt_members(device_id: str, event_id: str, data: AttemptFinished) -> Members:
    """The members of an attempt's payload, but for the time; `challenge` has to be there."""
    return {
        "event_id": event_id,
        "device_id": device_id,
        "user_id": data.user_id,
        "key_id": data.key_id,
        "bio_epoch": data.bio_epoch,
        "seq": data.seq,
        "login_id": data.login_id,
        "place": data.place.value,
        "outcome": data.outcome.value,
        "challenge": data.challenge or "",
    }


def enrollment_members(
    device_id: str, event_id: str, data: EnrollmentSubmitted, thumbprint: str
) -> Members:
    """The members of an enrollment's payload, but for the time.

    Args:
        device_id: the event's subject.
        event_id: the event's id.
        data: the event.
        thumbprint: of its public key (RFC 7638, SHA-256), which binds the key to all of this.
    """
    return {
        "event_id": event_id,
        "device_id": device_id,
        "user_id": data.user_id,
        "key_id": data.key_id,
        "bio_epoch": data.bio_epoch,
        "challenge": data.challenge or "",
        "jkt": thumbprint,
    }
