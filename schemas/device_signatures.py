"""What a device signs: the members of an attempt's and an enrollment's signature.

Owns the contract between apps and biolatch (docs/device-signatures.md). A device signature is a
compact JWS (RFC 7515) in field `device_signature`, made with the key that belongs to `key_id`. Its
payload repeats everything of the event that a rule may raise trust by, so that it fits this event
and no other one.
"""

from typing import Final

ALGORITHM: Final = "ES256"
"""The only one: what the secure hardware of phones signs with."""

ATTEMPT_TYPE: Final = "biolatch-attempt+jws"
ENROLLMENT_TYPE: Final = "biolatch-enrollment+jws"
"""Member `typ` of the JWS header: what is signed for one purpose never serves for another."""

ATTEMPT_FIELDS: Final = (
    "user_id",
    "key_id",
    "bio_epoch",
    "seq",
    "login_id",
    "place",
    "outcome",
    "challenge",
)
"""Fields of an attempt's data that its signature repeats."""

ENROLLMENT_FIELDS: Final = ("user_id", "key_id", "bio_epoch", "challenge")
"""Fields of an enrollment's data that its signature repeats, beside the key's thumbprint."""

EVENT_ID: Final = "event_id"
DEVICE_ID: Final = "device_id"
ISSUED_AT: Final = "iat"
"""When the phone signed, in whole seconds since 1970. These three are in every payload."""

THUMBPRINT: Final = "jkt"
"""Of the public key (RFC 7638, SHA-256), in an enrollment's payload: binds the key to the rest."""

TOKEN_LENGTH_MAX: Final = 4096
"""Characters of a signature; with ids of full length it takes about half of that."""
