"""What becomes of a notification that an endpoint did not take: the decision, and what happened.

Owns the form of the notifier's dead letters: as those of the input (`schemas.dead_letters`), with
who did not take it. What is in them is enough to send the notification again, with the same id.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from schemas.dead_letters import Origin, dead_letter
from schemas.outputs import OutputRecord
from schemas.plain_inputs import Headers

ENDPOINT_HEADER: Final = "biolatch-endpoint"
STATUS_HEADER: Final = "biolatch-last-status"
TRIES_HEADER: Final = "biolatch-tries"


class UndeliveredCode(StrEnum):
    """Why a notification was put aside (header `biolatch-error-code`)."""

    TRIES_SPENT = "notification.tries-spent"
    """The endpoint failed at the last try, too."""
    REFUSED = "notification.refused"
    """The endpoint does not understand this very message: 400, 413, 415 or 422."""
    ENDPOINT_GONE = "notification.endpoint-gone"
    """The endpoint wants no messages any more: 410."""
    ENDPOINT_AWAY = "notification.endpoint-away"
    """It could not be tried for too long: the endpoint is away, or asked for too long a pause."""
    UNREADABLE = "notification.unreadable"
    """The record is no decision, so there is nothing to tell anybody."""


class Undelivered(NamedTuple):
    """What happened to a notification.

    Attributes:
        endpoint: who did not take it.
        code: why it was put aside.
        message: the same for people; names nobody.
        last_status: the last answer's HTTP status; None where there was no answer.
        tries: how many requests there were.
    """

    endpoint: str
    code: UndeliveredCode
    message: str
    last_status: int | None
    tries: int


def notification_dead_letter(
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    *,
    origin: Origin,
    what: Undelivered,
) -> OutputRecord:
    """The dead letter of a decision for one endpoint; without an answer it has no status."""
    key, value, letter_headers = dead_letter(
        key, value, headers, origin=origin, code=what.code, message=what.message
    )
    of_endpoint: list[tuple[str, bytes | None]] = [
        (ENDPOINT_HEADER, what.endpoint.encode()),
        (TRIES_HEADER, str(what.tries).encode()),
    ]
    if what.last_status is not None:
        of_endpoint.append((STATUS_HEADER, str(what.last_status).encode()))
    return key, value, [*letter_headers, *of_endpoint]
