"""The public state: what of a row everyone may know (design section 5).

A function of the row alone, so that it can be compared before and after a batch: it is published
when it changes.
"""

from agents.core.outputs import disabled_guidance, label_of
from agents.core.policy import Policy
from agents.core.state import DeviceState, User
from events.public_state import PublicState, PublicUser
from events.timestamps import format_rfc3339
from events.vocabulary import DisabledReason, Guidance, Offer, OffReason, Status

_DAY_MS = 86_400_000


def public_state(device_id: str, state: DeviceState, policy: Policy) -> PublicState | None:
    """What is published of a device; none for a device without users."""
    if not state.users:
        return None
    return PublicState(
        device_id=device_id,
        bio_epoch=state.bio_epoch,
        users={user.user_id: _public_user(user, policy) for user in state.users},
    )


def _public_user(user: User, policy: Policy) -> PublicUser:
    declined_ms = user.declined_ms
    if declined_ms is not None:
        declined_ms += policy.prompt_pause_days * _DAY_MS
    reason = user.disabled_reason or user.fallback_reason
    return PublicUser(
        status=user.status,
        reason=None if reason is None else OffReason(reason.value),
        since=_text(user.since_ms),
        guidance=_guidance(user),
        offer=_offer(user),
        prompt_not_before=_text(declined_ms),
        prompt_label=label_of(user),
        fallback_login_id=user.fallback_login_id,
        wait_until=_text(user.wait_until_ms),
    )


def _text(instant_ms: int | None) -> str | None:
    return None if instant_ms is None else format_rfc3339(instant_ms)


def _guidance(user: User) -> Guidance:
    if user.status is Status.FALLBACK:
        return Guidance.USE_PASSWORD
    if user.disabled_reason is None:
        return Guidance.NONE
    return disabled_guidance(user.disabled_reason, for_good=user.revoked_for_good)


def _offer(user: User) -> Offer:
    """The first that applies, in the order of design section 5."""
    if user.live or user.revoked_for_good:
        return Offer.NONE
    if user.declined_ms is not None:
        return Offer.SETTINGS_ONLY
    if user.disabled_reason is DisabledReason.OS_BIOMETRICS_REMOVED:
        return Offer.DEVICE_SETTINGS_FIRST
    if user.status is Status.ABSENT or user.disabled_reason is DisabledReason.USER_REQUEST:
        return Offer.SETTINGS_ONLY
    return Offer.PROMPT


def look_alike(before: DeviceState, after: DeviceState) -> bool:
    """Whether two rows surely have the same public state; cheap, and true after most events."""
    if before.bio_epoch != after.bio_epoch or len(before.users) != len(after.users):
        return False
    return all(map(_users_look_alike, before.users, after.users))


def _users_look_alike(before: User, after: User) -> bool:
    return before is after or (
        before.status is after.status
        and before.since_ms == after.since_ms
        and before.disabled_reason is after.disabled_reason
        and before.fallback_reason is after.fallback_reason
        and before.fallback_login_id == after.fallback_login_id
        and before.wait_until_ms == after.wait_until_ms
        and before.declined_ms == after.declined_ms
        and before.allow_re_enable == after.allow_re_enable
        and before.method is after.method
        and before.platform is after.platform
        and before.user_id == after.user_id
    )
