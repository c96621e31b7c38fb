"""Logging in with a token, and out."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.web_console.action_log import log_action, log_login_refused
from deploy.web_console.actions import Form, action, read_form
from deploy.web_console.front_door import LOGIN_PATH
from deploy.web_console.login_limit import LoginLimit
from deploy.web_console.rendering import Renderer
from deploy.web_console.sessions import Sessions
from deploy.web_console.visit import COOKIE, visit_of

_UNKNOWN: Final = "Nobody has this token. Look at it again, or ask whoever runs the console."


class LoginPages:
    """The way in and the way out."""

    def __init__(
        self,
        renderer: Renderer,
        sessions: Sessions,
        limit: LoginLimit,
        *,
        takes_tokens: bool,
        takes_proxied: bool,
    ) -> None:
        """Take what they need."""
        self._renderer: Final = renderer
        self._sessions: Final = sessions
        self._limit: Final = limit
        self._ways_in: Final = {"takes_tokens": takes_tokens, "takes_proxied": takes_proxied}

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route(LOGIN_PATH, self._form, methods=["GET"]),
            Route(LOGIN_PATH, self._log_in, methods=["POST"]),
            Route("/logout", action(self._log_out), methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        if visit_of(request).session is not None:
            return RedirectResponse("/", status_code=303)
        return self._page(request, request.query_params.get("next", ""))

    async def _log_in(self, request: Request) -> Response:
        form = await read_form(request)
        visit = visit_of(request)
        onward = form.get("next", "")
        if (wait_s := self._limit.wait_s(visit.address)) > 0:
            log_login_refused(visit.address, "too-many-failures")
            words = f"Too many tokens that nobody has. Try again in {wait_s:.0f} s."
            return self._page(request, onward, words, status_code=429)
        begun = self._sessions.log_in(form.get("token", "").strip())
        if begun is None:
            self._limit.count_failure(visit.address)
            log_login_refused(visit.address, "unknown-token")
            return self._page(request, onward, _UNKNOWN, status_code=403)
        session_id, session = begun
        log_action(session.identity, "logged-in", address=visit.address)
        answer = RedirectResponse(_within(onward), status_code=303)
        answer.set_cookie(
            COOKIE, session_id, httponly=True, samesite="strict", secure=visit.is_secure
        )
        return answer

    async def _log_out(self, request: Request, form: Form) -> Response:
        del form
        visit = visit_of(request)
        self._sessions.log_out(visit.session_id)
        log_action(visit.identity, "logged-out")
        answer = RedirectResponse(LOGIN_PATH, status_code=303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=visit.is_secure)
        return answer

    def _page(
        self, request: Request, onward: str, trouble: str = "", *, status_code: int = 200
    ) -> Response:
        context = {"next": _within(onward), "trouble": trouble, **self._ways_in}
        return self._renderer.page(request, "login", context, status_code=status_code)


def _within(target: str) -> str:
    """The page to go to after the login; only one of ours."""
    parts = urlsplit(target)
    is_ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_ours and not parts.netloc and target.isprintable() else "/"
