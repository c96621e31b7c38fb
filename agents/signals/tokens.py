"""Which tokens an output leads to on a stream: mapped, chosen, addressed; not yet signed.

Owns the choice among the signals that exist: those that the stream carries, about subjects that its
receiver has not removed. Must never depend on when or how often it is asked.
"""

from dataclasses import dataclass
from typing import NamedTuple

from agents.signals.stream_store import StreamStore
from agents.signals.streams import Stream, Verification
from schemas.named_subjects import subject_digests
from schemas.output_records import OutputEvent
from schemas.security_event_tokens import (
    Addressee,
    JsonObject,
    complex_subject,
    signal_claims,
    verification_claims,
)
from schemas.signal_types import FROM_VERDICTS, SignalType
from schemas.signals import SignalPolicy, signals_of


class Token(NamedTuple):
    """A security event token before it is signed.

    Attributes:
        jti: its id; the same on every repeat.
        claims: what it says.
    """

    jti: str
    claims: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenMaker:
    """Makes the tokens of every stream.

    Attributes:
        issuer: ours.
        subject_issuer: who gave users their ids.
        offered: the event types on offer.
        policy: what was agreed with receivers.
    """

    issuer: str
    subject_issuer: str
    offered: tuple[SignalType, ...]
    policy: SignalPolicy

    def reads_verdicts(self, stream: Stream) -> bool:
        """Whether the stream carries a type that follows from verdicts."""
        return not FROM_VERDICTS.isdisjoint(stream.delivered(self.offered))

    def tokens(self, stream: Stream, event: OutputEvent, store: StreamStore) -> tuple[Token, ...]:
        """What the stream's receiver is told of an output."""
        carried, to = stream.delivered(self.offered), self._addressee(stream)
        return tuple(
            _token(signal_claims(signal, event, to))
            for signal in signals_of(event.data, self.policy)
            if signal.type in carried
            and not store.is_removed(
                stream.stream_id, subject_digests(complex_subject(signal, to), stream.stream_id)
            )
        )

    def verification(self, stream: Stream, asked: Verification) -> Token:
        """The verification event that the stream's receiver has asked for."""
        to = self._addressee(stream)
        return _token(verification_claims(asked.verification_id, asked.state, asked.asked_ms, to))

    def _addressee(self, stream: Stream) -> Addressee:
        return Addressee(
            issuer=self.issuer,
            audience=stream.receiver,
            stream_id=stream.stream_id,
            subject_issuer=self.subject_issuer,
            subject_format=stream.subject_format,
        )


def _token(claims: JsonObject) -> Token:
    return Token(str(claims["jti"]), claims)
