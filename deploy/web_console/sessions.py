"""Who is logged in: kept in memory, so that a restart, or a token that is taken back, ends it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deploy.web_console.current_tokens import CurrentTokens
from deploy.web_console.identity import Identity
from deploy.web_console.tokens_file import Digest

_SESSIONS_MAX: Final = 1000
"""The session that was idle longest makes room for one more."""
_SECRET_BYTES: Final = 32

Clock = Callable[[], float]
"""Seconds that only rise."""


@dataclass(slots=True)
class Session:
    """One login.

    Attributes:
        identity: whose it is.
        csrf_token: what every action of it must bring along.
        begun_s: when it began.
        seen_s: when it was used last.
        digest: of the token it was begun with; None for a user of a proxy.
        is_ended: whether its user has logged out.
    """

    identity: Identity
    csrf_token: str
    begun_s: float
    seen_s: float
    digest: Digest | None
    is_ended: bool = False


class Sessions:
    """All logins."""

    def __init__(
        self,
        tokens: CurrentTokens,
        *,
        idle_s_max: float,
        age_s_max: float,
        clock: Clock = time.monotonic,
    ) -> None:
        """Begin with nobody.

        Args:
            tokens: those that count.
            idle_s_max: a session that was not used for so long is over.
            age_s_max: a session that is so old is over.
            clock: tells the time.
        """
        self._tokens: Final = tokens
        self._idle_s_max: Final = idle_s_max
        self._age_s_max: Final = age_s_max
        self._clock: Final = clock
        self._by_id: Final[dict[str, Session]] = {}
        self._by_proxied: Final[dict[Identity, Session]] = {}

    def log_in(self, token: str) -> tuple[str, Session] | None:
        """Begin a session with a token; its id, a secret, and itself. None: nobody has that token.

        The id is always a new one, so nobody can choose the id of somebody else's session.
        """
        found = self._tokens.holder_of_token(token)
        if found is None:
            return None
        digest, identity = found
        session = self._new(identity, digest)
        self._make_room(self._by_id)
        session_id = secrets.token_urlsafe(_SECRET_BYTES)
        self._by_id[session_id] = session
        return session_id, session

    def find(self, session_id: str) -> Session | None:
        """The session of this id, if it still lasts, which it does for longer now."""
        session = self._by_id.get(session_id)
        if session is None:
            return None
        if not self.lasts(session):
            del self._by_id[session_id]
            return None
        session.seen_s = self._clock()
        return session

    def lasts(self, session: Session) -> bool:
        """Whether a session is not over: its token still counts, and it is neither old nor idle."""
        now_s = self._clock()
        if session.digest is None:  # its proxy says so, request by request
            return True
        if self._tokens.holder_of(session.digest) != session.identity or session.is_ended:
            return False
        idle_s, age_s = now_s - session.seen_s, now_s - session.begun_s
        return idle_s <= self._idle_s_max and age_s <= self._age_s_max

    def of_proxied(self, identity: Identity) -> Session:
        """The session of somebody whom a proxy has logged in; the proxy says when it ends."""
        session = self._by_proxied.get(identity)
        if session is None:
            self._make_room(self._by_proxied)
            session = self._by_proxied[identity] = self._new(identity, None)
        session.seen_s = self._clock()
        return session

    def log_out(self, session_id: str) -> None:
        """End a session."""
        session = self._by_id.pop(session_id, None)
        if session is not None:
            session.is_ended = True

    def _new(self, identity: Identity, digest: Digest | None) -> Session:
        now_s = self._clock()
        return Session(identity, secrets.token_urlsafe(_SECRET_BYTES), now_s, now_s, digest)

    @staticmethod
    def _make_room(sessions: dict[str, Session] | dict[Identity, Session]) -> None:
        if len(sessions) >= _SESSIONS_MAX:
            idlest = min(sessions.items(), key=lambda item: item[1].seen_s)[0]
            del sessions[idlest]  # type: ignore[arg-type]  # its own key
