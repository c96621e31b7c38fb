"""The API as an ASGI application: finds what is asked for, lets in who may ask, and answers.

Owns paths, methods and headers. It fails closed: where the view does not surely know, the answer is
503 and never a device. The log has one line for each request, with the route and not the path.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qs, unquote

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from biolatch_client import DeviceQuestions, UnknownReason
from deploy.read_api.access_tokens import AccessTokens
from deploy.read_api.documents import (
    device_document,
    entity_tag,
    is_current,
    permission_document,
)
from deploy.read_api.openapi import openapi_text
from deploy.read_api.problems import Problem

STALENESS_HEADER: Final = "biolatch-staleness-s"

_JSON: Final = "application/json"
_BEARER: Final = "bearer "
_LOGIN_ID: Final = "login_id"
_UNKNOWN: Final = {
    UnknownReason.NOT_READY: Problem.NOT_READY,
    UnknownReason.STALE: Problem.STALE,
    UnknownReason.UNREADABLE: Problem.UNREADABLE,
}

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Answering: TypeAlias = Callable[[Headers, bytes], Response]
"""From headers and query to an answer."""


class _Route(NamedTuple):
    """What a path leads to.

    Attributes:
        name: of the route, which names nobody.
        needs_token: whether only those with a token may ask.
        answer: makes the answer.
    """

    name: str
    needs_token: bool
    answer: _Answering


class ReadApi:
    """The application. Its view is opened and closed by whoever serves it."""

    def __init__(self, states: DeviceQuestions, tokens: AccessTokens, *, version: str) -> None:
        """Answer from these states, to those who have a token.

        Args:
            states: the view.
            tokens: who may ask.
            version: of biolatch, for the description of the API.
        """
        self._states: Final = states
        self._tokens: Final = tokens
        self._openapi: Final = openapi_text(version=version).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; bodies of requests are not looked at."""
        began = time.perf_counter()
        route = self._route(scope["raw_path"])
        response = self._respond(
            route, scope["method"], Headers(scope=scope), scope["query_string"]
        )
        if scope["method"] == "HEAD":
            response.body = b""  # the headers speak of the body that GET would get
        await response(scope, receive, send)
        _logger.info(
            "read-api.answered",
            method=scope["method"],
            route=None if route is None else route.name,
            status=response.status_code,
            duration_ms=round((time.perf_counter() - began) * 1000, 3),
        )

    def _route(self, raw_path: bytes) -> _Route | None:
        # By the path as it was sent: a `/` within an id is percent-encoded, and must stay there.
        path = raw_path.decode("latin-1").removeprefix("/").split("/")
        match [unquote(segment) for segment in path]:
            case ["devices", device_id]:
                return _Route(
                    "/devices/{device_id}",
                    needs_token=True,
                    answer=partial(self._device, device_id),
                )
            case ["devices", device_id, "users", user_id, "permission"]:
                return _Route(
                    "/devices/{device_id}/users/{user_id}/permission",
                    needs_token=True,
                    answer=partial(self._permission, device_id, user_id),
                )
            case ["openapi.json"]:
                return _Route("/openapi.json", needs_token=False, answer=self._description)
            case ["readyz"]:
                return _Route("/readyz", needs_token=False, answer=self._readiness)
            case ["healthz"]:
                return _Route("/healthz", needs_token=False, answer=_health)
            case _:
                return None

    def _respond(
        self, route: _Route | None, method: str, headers: Headers, query: bytes
    ) -> Response:
        if route is None:
            return Problem.RESOURCE_UNKNOWN.response()
        if method not in ("GET", "HEAD"):
            return Problem.METHOD_NOT_ALLOWED.response()
        if route.needs_token and (problem := self._refusal(headers)):
            return problem.response()
        return route.answer(headers, query)

    def _refusal(self, headers: Headers) -> Problem | None:
        given = headers.getlist("authorization")
        if len(given) != 1 or not given[0].lower().startswith(_BEARER):
            return Problem.TOKEN_MISSING
        token = given[0][len(_BEARER) :].strip()
        return None if self._tokens.accept(token) else Problem.TOKEN_INVALID

    def _device(self, device_id: str, headers: Headers, _query: bytes) -> Response:
        if why := self._states.why_unknown(device_id):
            return _UNKNOWN[why].response()
        device = self._states.device(device_id)
        if device is None:
            return Problem.DEVICE_UNKNOWN.response()
        body = device_document(device_id, device)
        tag = entity_tag(body)
        about = {"etag": tag, "cache-control": "private, no-cache", **self._staleness()}
        if is_current(tag, headers.get("if-none-match")):
            return Response(status_code=304, headers=about)
        return Response(body, headers=about, media_type=_JSON)

    def _permission(
        self, device_id: str, user_id: str, _headers: Headers, query: bytes
    ) -> Response:
        asked = parse_qs(query.decode("latin-1"), keep_blank_values=True)
        login_ids = asked.pop(_LOGIN_ID, [])
        if asked or len(login_ids) > 1:
            return Problem.QUERY_INVALID.response()
        answer = self._states.may_use(
            device_id, user_id, login_id=login_ids[0] if login_ids else None
        )
        if isinstance(answer.why, UnknownReason):
            return _UNKNOWN[answer.why].response()
        about = {"cache-control": "no-store", **self._staleness()}
        return Response(permission_document(answer), headers=about, media_type=_JSON)

    def _description(self, _headers: Headers, _query: bytes) -> Response:
        return Response(self._openapi, headers={"cache-control": "no-cache"}, media_type=_JSON)

    def _readiness(self, _headers: Headers, _query: bytes) -> Response:
        why = self._states.why_unknown()
        if why is not None:
            return _UNKNOWN[why].response()
        return _said(b'{"ready":true}', self._staleness())

    def _staleness(self) -> dict[str, str]:
        staleness_s = self._states.staleness_s
        return {} if staleness_s is None else {STALENESS_HEADER: f"{staleness_s:.3f}"}


def _health(_headers: Headers, _query: bytes) -> Response:
    return _said(b'{"alive":true}', {})


def _said(body: bytes, headers: dict[str, str]) -> Response:
    return Response(body, headers={"cache-control": "no-store", **headers}, media_type=_JSON)
