"""What every request passes: the right host name, a login, and on its way out the headers.

Pure ASGI around the whole application, so that no page can forget it. Refuses names that are not
the console's own, because a page elsewhere could point its own name at a loopback address (DNS
rebinding), and read what is there.
"""

from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.web_console.proxy_identity import ProxyIdentity
from deploy.web_console.sessions import Session, Sessions
from deploy.web_console.visit import COOKIE, Visit

LOGIN_PATH: Final = "/login"
_OPEN_PATHS: Final = ("/static/", "/healthz")

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types biolatch"
)
"""Nothing from elsewhere and nothing in line: what a record says can never become a script."""

HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: a browser would send our own forms with the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
"""On every answer, errors included."""

_TWO_YEARS_S: Final = 63_072_000


class FrontDoor:
    """The application behind its checks."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        sessions: Sessions,
        proxy: ProxyIdentity,
        host_names: frozenset[str],
    ) -> None:
        """Stand before the application.

        Args:
            application: everything else.
            sessions: who is logged in.
            proxy: whom a proxy may name.
            host_names: the names under which people reach the console, in lower case.
        """
        self._application: Final = application
        self._sessions: Final = sessions
        self._proxy: Final = proxy
        self._host_names: Final = host_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        request = HTTPConnection(scope)
        peer = request.client.host if request.client else ""
        is_secure = self._proxy.is_secure(peer, request.url.scheme, request.headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), scope["path"], is_secure=is_secure)
            await send(message)

        answer = self._answer_before(request, peer, is_secure=is_secure)
        await (answer or self._application)(scope, receive, send_with_headers)

    def _answer_before(
        self, request: HTTPConnection, peer: str, *, is_secure: bool
    ) -> Response | None:
        """What is answered in place of the application; None where it shall answer itself."""
        if _host_name(request.headers) not in self._host_names:
            return PlainTextResponse(
                "biolatch console: it is not known under this name. Add the name to "
                "BIOLATCH_CONSOLE__ALLOWED_HOSTS.\n",
                status_code=421,
            )
        session_id = request.cookies.get(COOKIE, "")
        session = self._session(request, peer, session_id)
        request.scope["biolatch.visit"] = Visit(
            session=session,
            session_id=session_id,
            address=self._proxy.client_address(peer, request.headers),
            is_secure=is_secure,
        )
        path: str = request.scope["path"]
        if session is not None or path == LOGIN_PATH or path.startswith(_OPEN_PATHS):
            return None
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Log in first.\n", status_code=401)
        onward = "" if path == "/" else f"?next={quote(_target(request.scope))}"
        return RedirectResponse(LOGIN_PATH + onward, status_code=303)

    def _session(self, request: HTTPConnection, peer: str, session_id: str) -> Session | None:
        proxied = self._proxy.identity(peer, request.headers)
        if proxied is not None:
            return self._sessions.of_proxied(proxied)
        return self._sessions.find(session_id)


def _host_name(headers: Headers) -> str:
    """The name in the Host header, without the port."""
    host = headers.get("host", "").lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _target(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    path: str = scope["path"]
    return f"{path}?{query.decode('latin-1')}" if query else path


def _add_headers(headers: MutableHeaders, path: str, *, is_secure: bool) -> None:
    for name, content in HEADERS.items():
        headers[name] = content
    # Pages hold personal data; what is the same for everybody is only asked for anew.
    headers["cache-control"] = "no-cache" if path.startswith("/static/") else "no-store"
    if is_secure:
        headers["strict-transport-security"] = f"max-age={_TWO_YEARS_S}"
