"""Who calls an endpoint, which stream it is about, and what the body says.

Owns what every endpoint begins with: an access token in the header and nowhere else (RFC 6750), a
scope that suffices, and a stream of the caller's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from agents.signals.access_tokens import AccessTokens, Caller
from agents.signals.http_errors import NoSuchStream, NotAuthenticated, NotSufficient
from agents.signals.stream_requests import Unacceptable
from agents.signals.stream_store import StreamStore
from agents.signals.streams import Stream
from events.errors import MalformedInput
from schemas.strict_json import read_object

_BODY_BYTES_MAX: Final = 64 * 1024

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows callers by their tokens.

    Attributes:
        access: checks tokens.
        store: the streams.
    """

    access: AccessTokens
    store: StreamStore

    def caller(self, request: Request, *scopes: str) -> Caller:
        """Who calls, with one of these scopes.

        Raises:
            NotAuthenticated: no token is shown.
            InvalidToken: it is not valid.
            NotSufficient: it has none of the scopes.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise NotAuthenticated
        caller = self.access.caller(token.strip())
        if caller.scopes.isdisjoint(scopes):
            raise NotSufficient(scopes[0])
        return caller

    def stream(self, caller: Caller, stream_id: str) -> Stream:
        """The caller's stream of that id.

        Raises:
            NoSuchStream: it has none; another receiver may.
        """
        stream = self.store.get(stream_id)
        if stream is None or stream.receiver != caller.receiver:
            raise NoSuchStream
        return stream


async def body_of(request: Request) -> bytes:
    """The body of a request; an empty one is an empty object.

    Raises:
        Unacceptable: it is too long.
    """
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _BODY_BYTES_MAX:
            raise Unacceptable(f"the body has more than {_BODY_BYTES_MAX} bytes")
    return content or b"{}"


def object_of(content: bytes) -> Mapping[str, object]:
    """The JSON object that a body is.

    Raises:
        Unacceptable: it is none.
    """
    try:
        return read_object(content)
    except MalformedInput as error:
        raise Unacceptable(str(error)) from None


def decoded(content: bytes, body: type[Body]) -> Body:
    """The body as one of those that are defined.

    Raises:
        Unacceptable: it is none.
    """
    object_of(content)
    try:
        return msgspec.json.decode(content, type=body)
    except msgspec.ValidationError as error:
        raise Unacceptable(str(error)) from None
