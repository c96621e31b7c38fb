"""Forms that do something: read with a bound, and only from a page of the console itself.

An action counts if the browser says that it comes from the same origin, and if it brings the CSRF
token of its session along, which no other page can read.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from deploy.web_console.visit import visit_of

CSRF_FIELD: Final = "csrf_token"
_FORM_BYTES_MAX: Final = 64 * 1024
_FIELDS_MAX: Final = 50

Form: TypeAlias = Mapping[str, str]
Action: TypeAlias = Callable[[Request, Form], Awaitable[Response]]


async def read_form(request: Request) -> Form:
    """The fields of a form of this console; of two with one name the last.

    Raises:
        HTTPException: it is too large, no form, or comes from another page.
    """
    _require_same_origin(request)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM_BYTES_MAX:
            raise HTTPException(413, "The form is too large.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error


def action(
    does: Action, *, for_operators: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that does something, for whoever is logged in, or for operators only.

    It answers 403 to whoever may not, or brings no CSRF token of their session.
    """

    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        session = visit_of(request).session
        if session is None:
            raise HTTPException(401, "Log in first.")
        if not secrets.compare_digest(
            form.get(CSRF_FIELD, "").encode(), session.csrf_token.encode()
        ):
            raise HTTPException(
                403, "The page was too old, or the form was not ours. Open the page again."
            )
        if for_operators and not session.identity.is_operator:
            raise HTTPException(403, "Only operators may do this.")
        return await does(request, form)

    return endpoint


def _require_same_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != host):
        raise HTTPException(403, "The form comes from another page.")
