"""How a user's status moves: disable, fall back, re-arm; one user or everyone on the device.

Owns the state side of the three movements and the decision that goes with each. `since` moves
only when the status changes; every disable and re-arming clears wait and fallback login (design
section 3). Who moves when is said by the rules in the modules beside this one.
"""

from msgspec.structs import replace

from agents.core.changes import EpochTaken
from agents.core.draft import Draft
from agents.core.outputs import decision_fields, disabled_guidance
from agents.core.state import User
from events.decisions import Disabled, FallbackRequired, Rearmed
from events.timestamps import format_rfc3339
from events.vocabulary import (
    DisabledReason,
    FallbackReason,
    Guidance,
    RearmedReason,
    Status,
)

_OF_THE_PHONE = (DisabledReason.BIOMETRICS_CHANGED, DisabledReason.OS_BIOMETRICS_REMOVED)
"""Reasons that follow the phone's own biometrics: the newer of them stands (rule 11b)."""


def disabled_user(user: User, reason: DisabledReason, now_ms: int) -> User:
    """The user with biometrics off for this reason."""
    return replace(
        user,
        status=Status.DISABLED,
        disabled_reason=reason,
        fallback_reason=None,
        since_ms=user.since_ms if user.status is Status.DISABLED else now_ms,
        wait_until_ms=None,
        fallback_login_id=None,
        noted_ms=None,
    )


def disable(draft: Draft, user: User, reason: DisabledReason) -> None:
    """Switch a live user's biometrics off and say so."""
    off = disabled_user(user, reason, draft.fact.now_ms)
    draft.put(off)
    guidance = disabled_guidance(reason, for_good=False)
    draft.decisions.append(Disabled(**decision_fields(draft, off, guidance), reason=reason))


def disable_everyone(draft: Draft, reason: DisabledReason) -> None:
    """Switch every live user off, and move the reason of those the phone had switched off (11b)."""
    for user in draft.own_first():
        if user.live:
            disable(draft, user, reason)
        elif user.disabled_reason in _OF_THE_PHONE and user.disabled_reason is not reason:
            draft.put(replace(user, disabled_reason=reason))


def change_biometrics(draft: Draft, bio_epoch: int, reason: DisabledReason) -> None:
    """A biometric change now: the device takes the epoch, nobody stays live (rules 8 and 11)."""
    draft.record(EpochTaken(bio_epoch, draft.fact.now_ms))
    disable_everyone(draft, reason)


def fall_back(
    draft: Draft,
    user: User,
    reason: FallbackReason,
    login_id: str,
    wait_until_ms: int | None = None,
) -> None:
    """This login needs the password; an enabled user's next login may use biometrics again."""
    in_fallback = replace(
        user,
        status=Status.FALLBACK,
        fallback_reason=reason,
        since_ms=draft.fact.now_ms,
        wait_until_ms=wait_until_ms,
        fallback_login_id=login_id,
    )
    draft.put(in_fallback)
    require_password(draft, in_fallback, reason, wait_until_ms)


def require_password(
    draft: Draft, user: User, reason: FallbackReason, wait_until_ms: int | None = None
) -> None:
    """Say that this login needs the password, and change nothing."""
    fields = decision_fields(draft, user, Guidance.USE_PASSWORD)
    wait_until = None if wait_until_ms is None else format_rfc3339(wait_until_ms)
    draft.decisions.append(FallbackRequired(**fields, reason=reason, wait_until=wait_until))


def rearm(draft: Draft, user: User, reason: RearmedReason) -> User:
    """End a fallback and say so; the re-armed user is returned for the rules that go on."""
    armed = replace(
        user,
        status=Status.ENABLED,
        fallback_reason=None,
        since_ms=draft.fact.now_ms,
        failures=0,
        wait_until_ms=None,
        fallback_login_id=None,
    )
    draft.put(armed)
    draft.decisions.append(Rearmed(**decision_fields(draft, armed), reason=reason))
    return armed
