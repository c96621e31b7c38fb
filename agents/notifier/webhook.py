"""One request to one endpoint, after the Standard Webhooks specification, and what came of it.

Owns what is sent and how an answer is understood. Must never try again, and never follow a
redirect: an endpoint is where its operator has said, and nowhere else.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from http import HTTPStatus
from types import TracebackType
from typing import Final, NamedTuple, Self

import httpx2
from standardwebhooks import Webhook

from agents.notifier.endpoints import Endpoint

_USER_AGENT: Final = "biolatch-notifier"
_BODY_BYTES_MAX: Final = 64 * 1024
_BODY_S_MAX: Final = 1.0
"""What is read of an answer's body, so that its connection can be used again."""

_REFUSED: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""What says that this very message is not understood, and never will be."""

_MAY_ASK_FOR_A_PAUSE: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)


class Outcome(Enum):
    """What an answer, or none, means for the message."""

    DELIVERED = "delivered"
    """Any 2xx."""
    REFUSED = "refused"
    """400, 413, 415 or 422: the message itself; the endpoint is well."""
    GONE = "gone"
    """410: the endpoint wants no messages any more."""
    FAILED = "failed"
    """Anything else, redirects included, and no answer in time: worth trying again."""


class Answer(NamedTuple):
    """What came of a request.

    Attributes:
        outcome: what it means.
        status: the HTTP status; None where there was none.
        reason: in a few words, for logs and dead letters; nothing of what the endpoint has said.
        pause_s: how long the endpoint asks to be left alone; None where it does not.
    """

    outcome: Outcome
    status: int | None
    reason: str
    pause_s: float | None = None


class WebhookClient:
    """The connections to one endpoint; use it as an asynchronous context manager."""

    def __init__(self, endpoint: Endpoint, *, timeout_s: float, at_once_max: int) -> None:
        """Prepare; nothing is connected yet."""
        self.endpoint: Final = endpoint
        self._timeout_s = timeout_s
        self._signers = tuple(Webhook(secret) for secret in endpoint.secrets)
        self._client = httpx2.AsyncClient(
            verify=endpoint.tls(),
            timeout=timeout_s,
            limits=httpx2.Limits(max_connections=at_once_max),
            follow_redirects=False,
            # Proxies, certificates and passwords come from no variable but our own.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def send(self, message_id: str, body: bytes) -> Answer:
        """Send a message once; never raises for what the endpoint or the network does.

        Args:
            message_id: its idempotency key, the same for each repeat.
            body: JSON.
        """
        now = datetime.now(UTC)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "POST",
                    self.endpoint.url,
                    content=body,
                    headers=self._headers(message_id, now, body),
                ) as response,
            ):
                await _drain(response)
                return _understood(response, now)
        except TimeoutError:
            return _failed(f"no answer within {self._timeout_s:g} s")
        except (httpx2.HTTPError, OSError) as error:
            # The name alone: its text may quote what was sent or received.
            return _failed(type(error).__name__)

    def _headers(self, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
        text = body.decode()
        return {
            "content-type": "application/json",
            "user-agent": _USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                signer.sign(message_id, now, text) for signer in self._signers
            ),
        }


async def _drain(response: httpx2.Response) -> None:
    """Read a body that is short and quick; what it says, and how it ends, is of no interest."""
    read = 0
    with suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(_BODY_S_MAX):
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > _BODY_BYTES_MAX:
                    return


def _understood(response: httpx2.Response, now: datetime) -> Answer:
    status = response.status_code
    if response.is_success:
        return Answer(Outcome.DELIVERED, status, f"status {status}")
    if status == HTTPStatus.GONE:
        return Answer(Outcome.GONE, status, f"status {status}")
    if status in _REFUSED:
        return Answer(Outcome.REFUSED, status, f"status {status}")
    asks = status in _MAY_ASK_FOR_A_PAUSE
    pause_s = _pause_s(response.headers.get("retry-after"), now) if asks else None
    return Answer(Outcome.FAILED, status, f"status {status}", pause_s)


def _failed(reason: str) -> Answer:
    return Answer(Outcome.FAILED, None, reason)


def _pause_s(retry_after: str | None, now: datetime) -> float | None:
    """What `Retry-After` asks for, in seconds or as a date (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    if retry_after.isdecimal() and retry_after.isascii():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return max(0.0, (at - now).total_seconds())
