"""May a device use biometrics now? The rule of design section 4 on one user's public state.

Owns the answer. Pure: no clock, no Kafka. Whatever is not surely a yes is a no; the password works
always.
"""

from enum import StrEnum
from typing import NamedTuple

from biolatch_client.words import (
    Guidance,
    Offer,
    OffReason,
    PromptLabel,
    RefusedReason,
    Status,
)


class Permission(StrEnum):
    """The three answers."""

    MAY = "may"
    MAY_NOT = "may_not"
    UNKNOWN = "unknown"
    """Counts as a no."""


class UnknownReason(StrEnum):
    """Why there is no answer."""

    NOT_READY = "not_ready"
    """The view is not complete yet."""
    STALE = "stale"
    """For too long nobody knows whether the view is up to date: Kafka is away."""
    UNREADABLE = "unreadable"
    """A newer biolatch has written what this version does not understand: update the client."""


class UserState(NamedTuple):
    """What is published of one user of a device (`docs/reference/contract.md`).

    Attributes:
        user_id: the publisher's id of the user.
        status: where the user stands on the device.
        reason: why disabled or in fallback; None also for a reason newer than this library.
        since_ms: when the status last changed, in milliseconds since 1970.
        guidance: what the user should do next.
        offer: what the app may offer.
        prompt_not_before_ms: no prompt before: the user declined one.
        prompt_label: the word that the prompt uses.
        fallback_login_id: the login that needs the password.
        wait_until_ms: no biometrics before.
    """

    user_id: str
    status: Status
    reason: OffReason | None = None
    since_ms: int | None = None
    guidance: Guidance = Guidance.NONE
    offer: Offer = Offer.NONE
    prompt_not_before_ms: int | None = None
    prompt_label: PromptLabel | None = None
    fallback_login_id: str | None = None
    wait_until_ms: int | None = None


class Answer(NamedTuple):
    """Whether biometrics may be used now. True in a condition only if they may.

    Attributes:
        permission: may, may not, or unknown, which counts as may not.
        why: where they may not, the reason for which biolatch would refuse an attempt now:
            `unknown_binding`, `disabled`, `fallback_active` (this login needs the password) or
            `wait`; where it is unknown, why.
        guidance: what the user should do next; where it is unknown, use the password.
        user: what is known of the user; None where nothing is.
    """

    permission: Permission
    why: RefusedReason | UnknownReason | None
    guidance: Guidance
    user: UserState | None

    def __bool__(self) -> bool:
        """Whether they may."""
        return self.permission is Permission.MAY


def unknown(why: UnknownReason) -> Answer:
    """The answer of one who does not know."""
    return Answer(Permission.UNKNOWN, why, Guidance.USE_PASSWORD, None)


def answer_for(user: UserState | None, *, login_id: str | None, now_ms: int) -> Answer:
    """The answer for a user at an instant.

    Args:
        user: None for one of whom nothing is known.
        login_id: the sign-in in question; without one, a user in fallback may not.
        now_ms: in milliseconds since 1970.
    """
    if user is None:
        return Answer(Permission.MAY_NOT, RefusedReason.UNKNOWN_BINDING, Guidance.NONE, None)
    match user.status:
        case Status.ENABLED:
            return Answer(Permission.MAY, None, user.guidance, user)
        case Status.ABSENT:
            why = RefusedReason.UNKNOWN_BINDING
        case Status.DISABLED:
            why = RefusedReason.DISABLED
        case Status.FALLBACK:
            if login_id is None or login_id == user.fallback_login_id:
                why = RefusedReason.FALLBACK_ACTIVE
            elif user.wait_until_ms is not None and now_ms < user.wait_until_ms:
                why = RefusedReason.WAIT
            else:
                return Answer(Permission.MAY, None, Guidance.NONE, user)
    return Answer(Permission.MAY_NOT, why, user.guidance, user)
