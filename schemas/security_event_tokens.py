"""Security Event Tokens: the claims in which a signal travels to one receiver, unsigned.

Owns the profile of RFC 8417 that the Shared Signals Framework 1.0 demands (section 4): `sub_id` and
never `sub`, no `exp`, one event a token. Every claim is a function of the output that it follows
from and of the stream, so a token that is sent again after a crash is the same token.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, TypeAlias

from schemas.output_records import OutputEvent
from schemas.signal_types import VERIFICATION, SubjectFormat
from schemas.signals import Signal

MEDIA_TYPE: Final = "application/secevent+jwt"
TOKEN_TYPE: Final = "secevent+jwt"  # noqa: S105 - the `typ` of a token, not a secret

JsonObject: TypeAlias = dict[str, object]

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """For whom a token is, and in whose name it is given.

    Attributes:
        issuer: ours.
        audience: the receiver's.
        stream_id: by which the receiver knows the stream.
        subject_issuer: who gave users their ids.
        subject_format: how subjects are named.
    """

    issuer: str
    audience: str
    stream_id: str
    subject_issuer: str
    subject_format: SubjectFormat


def signal_claims(signal: Signal, cause: OutputEvent, to: Addressee) -> JsonObject:
    """The claims of the token that tells a signal.

    `jti` follows from the output, the event type and the stream, `txn` from the output alone: the
    tokens of one decision share it, and nothing else does. Times are the broker's time of the
    input, in whole seconds: never the clock of who sends.
    """
    at_s = cause.now_ms // 1000
    return {
        "iss": to.issuer,
        "aud": to.audience,
        "iat": at_s,
        "jti": _digest("jti", to.stream_id, cause.event_id, signal.type),
        "txn": _digest("txn", cause.event_id),
        "sub_id": subject(signal, to),
        "events": {signal.type.value: {"event_timestamp": at_s, **signal.claims}},
    }


def verification_claims(
    verification_id: str, state: str | None, asked_ms: int, to: Addressee
) -> JsonObject:
    """The claims of a verification event (SSF section 8.1.4.1).

    Args:
        verification_id: of the request.
        state: what the receiver wants to see again.
        asked_ms: when it asked (ms since 1970).
        to: whose stream is verified.
    """
    return {
        "iss": to.issuer,
        "aud": to.audience,
        "iat": asked_ms // 1000,
        "jti": _digest("jti", to.stream_id, verification_id, VERIFICATION),
        "txn": _digest("txn", verification_id),
        "sub_id": {"format": "opaque", "id": to.stream_id},
        "events": {VERIFICATION: {} if state is None else {"state": state}},
    }


def subject(signal: Signal, to: Addressee) -> JsonObject:
    """Whom a signal is about, as the stream names subjects."""
    if to.subject_format is SubjectFormat.ISS_SUB:
        return _user(signal, to)
    return complex_subject(signal, to)


def complex_subject(signal: Signal, to: Addressee) -> JsonObject:
    """Whom a signal is about, with all that is known: user, device and session."""
    members: JsonObject = {
        "format": "complex",
        "user": _user(signal, to),
        "device": {"format": "opaque", "id": signal.device_id},
    }
    if signal.login_id is not None:
        members["session"] = {"format": "opaque", "id": signal.login_id}
    return members


def _user(signal: Signal, to: Addressee) -> JsonObject:
    return {"format": "iss_sub", "iss": to.subject_issuer, "sub": signal.user_id}


def _digest(*parts: str) -> str:
    """An id that says nothing about topics and offsets, the same for the same parts."""
    return blake2b("\0".join(parts).encode(), digest_size=_ID_BYTES).hexdigest()
