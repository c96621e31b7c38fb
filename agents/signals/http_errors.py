"""What a receiver hears when something is wrong: RFC 6750 for tokens, a few words for the rest.

Owns the error answers of the endpoints. None of them tells whether another receiver's stream
exists.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agents.signals.access_tokens import InvalidToken
from agents.signals.stream_requests import Unacceptable
from events.errors import TransientFailure

_REALM: Final = "biolatch"


class NotAuthenticated(Exception):  # noqa: N818 - says who called
    """No access token was shown where one belongs."""


class NotSufficient(Exception):  # noqa: N818 - says what the token is
    """The token is valid and does not allow this; the message names the scope that would."""


class Forbidden(Exception):  # noqa: N818 - says what the request is
    """The receiver may not have this, with any token; the message is for it."""


class NoSuchStream(Exception):  # noqa: N818 - says what was asked for
    """This receiver has no stream of that id."""


class TooManyRequests(Exception):  # noqa: N818 - says what the requests are
    """The receiver asked too soon; the message is the seconds to wait."""


def _refused(status: int, words: str) -> Response:
    return JSONResponse({"description": words}, status, headers={"cache-control": "no-store"})


def _challenge(status: int, **parameters: str) -> Response:
    written = ", ".join(
        f'{name}="{value}"' for name, value in ({"realm": _REALM} | parameters).items()
    )
    return Response(
        status_code=status,
        headers={"www-authenticate": f"Bearer {written}", "cache-control": "no-store"},
    )


async def answer(_request: Request, error: Exception) -> Response:
    """The answer to a request that ended with one of these errors."""
    match error:
        case NotAuthenticated():
            return _challenge(401)
        case InvalidToken():
            return _challenge(401, error="invalid_token", error_description=str(error))
        case NotSufficient():
            return _challenge(403, error="insufficient_scope", scope=str(error))
        case Forbidden():
            return _refused(403, str(error))
        case NoSuchStream():
            return _refused(404, "there is no such stream")
        case TooManyRequests():
            response = _refused(429, "verification was asked for a moment ago")
            response.headers["retry-after"] = str(error)
            return response
        case Unacceptable():
            return _refused(400, str(error))
        case TransientFailure():
            response = _refused(503, "not just now; try again")
            response.headers["retry-after"] = "1"
            return response
        case _:
            raise error


ANSWERED: Final = (
    NotAuthenticated,
    InvalidToken,
    NotSufficient,
    Forbidden,
    NoSuchStream,
    TooManyRequests,
    Unacceptable,
    TransientFailure,
)
"""The errors that `answer` knows."""
