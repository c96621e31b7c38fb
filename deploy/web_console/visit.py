"""What the front door has found out about a request, for the pages behind it."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from deploy.web_console.identity import Identity
from deploy.web_console.sessions import Session

COOKIE: Final = "biolatch-console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request.

    Attributes:
        session: the login that it belongs to; None before anybody has logged in.
        session_id: the id in its cookie; empty where it has none.
        address: where it comes from.
        is_secure: whether the user's own connection is encrypted.
    """

    session: Session | None
    session_id: str
    address: str
    is_secure: bool

    @property
    def identity(self) -> Identity:
        """Who it is.

        Raises:
            HTTPException: nobody has logged in.
        """
        if self.session is None:
            raise HTTPException(401, "Log in first.")
        return self.session.identity


def visit_of(request: HTTPConnection) -> Visit:
    """What the front door has put beside a request."""
    visit: Visit = request.scope["biolatch.visit"]
    return visit
