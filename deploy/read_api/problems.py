"""What the API says when there is no answer: problem details after RFC 9457.

Owns every kind of problem. A `type` is forever: match on it, not on words. No problem repeats what
was asked, for that may be somebody's id.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
_TYPE_PREFIX: Final = "urn:biolatch:problem:"
_RETRY_AFTER_S: Final = "5"
"""By then a view that is being read, or a Kafka that elects a leader, is usually back."""

_UNTIL_THEN: Final = "Until then biometrics may not be used; the password works."

_CHALLENGE: Final = 'Bearer realm="biolatch"'


class ProblemWords(NamedTuple):
    """What is said of one kind.

    Attributes:
        kind: its name.
        status: of the response.
        title: what it is, the same each time.
        detail: what to do.
        headers: that belong to it.
    """

    kind: str
    status: int
    title: str
    detail: str
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def type_uri(self) -> str:
        """What identifies the kind for machines."""
        return f"{_TYPE_PREFIX}{self.kind}"


class Problem(Enum):
    """Every kind."""

    TOKEN_MISSING = ProblemWords(
        kind="token-missing",
        status=401,
        title="Who asks?",
        detail="Send a token: `Authorization: Bearer ...`.",
        headers={"www-authenticate": _CHALLENGE},
    )
    TOKEN_INVALID = ProblemWords(
        kind="token-invalid",
        status=401,
        title="The token is not valid",
        detail="It never was, or it has been withdrawn.",
        headers={"www-authenticate": f'{_CHALLENGE}, error="invalid_token"'},
    )
    RESOURCE_UNKNOWN = ProblemWords(
        kind="resource-unknown",
        status=404,
        title="There is nothing here",
        detail="/openapi.json tells what there is. An id in a path is percent-encoded, `/` too.",
    )
    DEVICE_UNKNOWN = ProblemWords(
        kind="device-unknown",
        status=404,
        title="Nothing is known of this device",
        detail="It has no user: nobody ever enabled biometrics on it, or it was erased.",
    )
    METHOD_NOT_ALLOWED = ProblemWords(
        kind="method-not-allowed",
        status=405,
        title="Only GET and HEAD",
        detail="This API reads. Events are published to Kafka.",
        headers={"allow": "GET, HEAD"},
    )
    QUERY_INVALID = ProblemWords(
        kind="query-invalid",
        status=400,
        title="The query is not valid",
        detail="`login_id` may stand there once, and nothing else.",
    )
    NOT_READY = ProblemWords(
        kind="not-ready",
        status=503,
        title="Not ready yet",
        detail=f"The states of all devices are still being read. {_UNTIL_THEN}",
        headers={"retry-after": _RETRY_AFTER_S},
    )
    STALE = ProblemWords(
        kind="stale",
        status=503,
        title="The states may be out of date",
        detail=f"For too long Kafka has not said that they are not. {_UNTIL_THEN}",
        headers={"retry-after": _RETRY_AFTER_S},
    )
    UNREADABLE = ProblemWords(
        kind="unreadable",
        status=503,
        title="The device's state cannot be read",
        detail=f"A newer version has written it: update this API. {_UNTIL_THEN}",
    )

    def response(self) -> Response:
        """The problem as an answer that nobody may keep."""
        words = self.value
        body = {
            "type": words.type_uri,
            "title": words.title,
            "status": words.status,
            "detail": words.detail,
        }
        headers = {**words.headers, "cache-control": "no-store"}
        return Response(msgspec.json.encode(body), words.status, headers, MEDIA_TYPE)
