"""One push of one token to a receiver's endpoint, and what its answer means (RFC 8935).

Owns the reading of answers: delivered, refused for good, or to be tried again. Must never log a
token, a subject or an authorization header.
"""

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx2

from agents.signals.streams import Delivery
from events.errors import Misconfigured
from schemas.security_event_tokens import MEDIA_TYPE

_ANSWER_BYTES_MAX: Final = 16 * 1024
_CODE_LENGTH_MAX: Final = 64
_BAD_REQUEST: Final = 400
"""The one status with which a receiver speaks of the token (RFC 8935 section 2.3)."""

_MENDABLE: Final = frozenset(
    {"invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"}
)
"""Error codes (RFC 8935 section 2.4) that say something of the two parties' set-up and nothing of
the token: once somebody has mended it, the same token is welcome."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver will not have this token, now or later.

    Attributes:
        code: its error code.
    """

    code: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """It did not get there, or not for sure.

    Attributes:
        why: in a word, for the log.
        after_s: as long as the receiver asked to be left alone; None where it did not.
    """

    why: str
    after_s: float | None = None


PushOutcome: TypeAlias = Delivered | Refused | TryAgain


def push_client(timeout_s: float, ca_file: Path | None = None) -> httpx2.AsyncClient:
    """The client for all receivers: it follows no redirect, and obeys no proxy of the environment.

    TLS is 1.2 or later, and certificates are verified.

    Args:
        timeout_s: what a receiver gets to take a connection, and to answer.
        ca_file: whom to trust; None: the authorities that everybody trusts.

    Raises:
        Misconfigured: the file cannot be used.
    """
    try:
        verify = True if ca_file is None else ssl.create_default_context(cafile=str(ca_file))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise Misconfigured("signals.ca-file", f"{ca_file}: cannot be used ({why})") from error
    return httpx2.AsyncClient(
        verify=verify,
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"accept": "application/json", "user-agent": "biolatch"},
    )


async def push(client: httpx2.AsyncClient, delivery: Delivery, token: str) -> PushOutcome:
    """Push a token once, as the stream's delivery says."""
    headers = {"content-type": MEDIA_TYPE}
    if delivery.authorization_header is not None:
        headers["authorization"] = delivery.authorization_header
    try:
        async with client.stream(
            "POST", delivery.endpoint_url or "", content=token.encode(), headers=headers
        ) as response:
            if response.is_success:
                return Delivered()
            body = await _beginning(response)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        return TryAgain(type(error).__name__)
    if response.status_code == _BAD_REQUEST:
        code = _error_code(body)
        if code is not None and code not in _MENDABLE:
            return Refused(code)
        return TryAgain(code or "400")
    return TryAgain(str(response.status_code), _retry_after_s(response))


async def _beginning(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _ANSWER_BYTES_MAX:
            break
    return body[:_ANSWER_BYTES_MAX]


def _error_code(body: bytes) -> str | None:
    """The member `err` of an error answer; None where the body is none."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        return None
    code: Any = document.get("err") if isinstance(document, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(code, str) or not code.isascii() or not code.isprintable():
        return None
    return code[:_CODE_LENGTH_MAX]


def _retry_after_s(response: httpx2.Response) -> float | None:
    """`Retry-After` in seconds; the form with a date is left aside, as clocks differ."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None
