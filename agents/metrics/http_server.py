"""The HTTP behind `agents.metrics.endpoint`: prometheus-client's own page, and the checks.

Owns what is answered. It reads only, takes no body, and knows its few paths.
"""

# prometheus-client leaves some of its interface untyped.
# pyright: reportUnknownVariableType=false

import json
import socket
from collections.abc import Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from agents.metrics.endpoint import Check

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_REQUEST_S_MAX: Final = 5.0
"""Whoever sends a request more slowly is not Prometheus."""

_POLL_S: Final = 0.1
"""How late the end of the server is noticed."""


def application(registry: CollectorRegistry, checks: Mapping[str, Check]) -> "WSGIApplication":
    """What answers at each path."""
    metrics: WSGIApplication = make_wsgi_app(registry)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path not in checks:
            return _text(start_response, "404 Not Found", ("/metrics", *checks))
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _text(start_response, "405 Method Not Allowed", ("GET",))
        wrong = list(checks[path]())
        return _json(start_response, {"ok": not wrong, "reasons": wrong}, is_well=not wrong)

    return answer


def _text(start_response: "StartResponse", status: str, lines: Iterable[str]) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [line.encode() + b"\n" for line in lines]


def _json(start_response: "StartResponse", body: object, *, is_well: bool) -> list[bytes]:
    status = "200 OK" if is_well else "503 Service Unavailable"
    start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [json.dumps(body, ensure_ascii=False).encode() + b"\n"]


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_S_MAX

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 (http.server's)
        """Log nothing: a scrape is no event of interest."""


class HttpServer(ThreadingMixIn, WSGIServer):
    """Serves one application at a socket that listens already, a thread for each request."""

    daemon_threads = True

    def __init__(
        self, listening: socket.socket, registry: CollectorRegistry, checks: Mapping[str, Check]
    ) -> None:
        """Take the socket over."""
        host, port, *_ = listening.getsockname()
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        # http.server would ask the network for the name of this machine.
        self.server_name, self.server_port = str(host), int(port)
        self.setup_environ()
        self.set_app(application(registry, checks))

    def serve(self) -> None:
        """Serve until `shutdown`."""
        with self:
            self.serve_forever(_POLL_S)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (socketserver's)
        """Say nothing: whoever asks has gone, or sent what is no HTTP."""
