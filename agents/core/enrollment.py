"""Switching on and off: submitted, declined, withdrawn, revoked (design rules 3 to 9).

An enrollment is the only way to trust a device that is not trusted, so every reason to refuse
comes first, in the order of the rules. Switching off is never refused for lack of trust.
"""

from msgspec.structs import replace

from agents.core.admission import proves_possession, use_challenge
from agents.core.changes import EpochTaken
from agents.core.digests import key_digest, remember, remembers
from agents.core.draft import Draft
from agents.core.outputs import applied, decision_fields, disabled_guidance, noted, refused
from agents.core.places import absent_user, has_place, put_known, take_place
from agents.core.standing import change_biometrics, disable, disabled_user
from agents.core.state import User, point_of
from events.decisions import Disabled, Enabled, ReEnabled
from events.facts import (
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
)
from events.verdicts import Verdict
from events.vocabulary import DisabledReason, OsBiometrics, RefusedReason, Status


def submit(draft: Draft, data: EnrollmentSubmitted) -> Verdict:
    """Rules 3 to 9: enable or re-enable biometrics with a new key."""
    reason = _refusal(draft, data)
    if reason is not None:
        return refused(draft, reason)
    take_place(draft, data.user_id)
    if draft.signature is not None:
        use_challenge(draft, data.platform, data.challenge)
    epoch = draft.state.bio_epoch
    if data.bio_epoch > epoch:
        if epoch == 0:
            draft.record(EpochTaken(data.bio_epoch, draft.state.changed_ms))
        else:
            change_biometrics(draft, data.bio_epoch, DisabledReason.BIOMETRICS_CHANGED)
    _enable(draft, data)
    return applied(draft)


def _refusal(draft: Draft, data: EnrollmentSubmitted) -> RefusedReason | None:
    """The first of rules 3 to 7 that refuses, then the missing proof of the key (rule 7c)."""
    state = draft.state
    user = state.user(data.user_id)
    if data.os_biometrics is not OsBiometrics.READY:
        return RefusedReason.OS_BIOMETRICS_NOT_READY
    if data.bio_epoch < state.bio_epoch:
        return RefusedReason.STALE_EPOCH
    if _password_too_old(draft, data, user):
        return RefusedReason.PASSWORD_TOO_OLD
    if _key_known(draft, data.key_id):
        return RefusedReason.KEY_REUSED
    if user is not None and user.revoked_for_good:
        return RefusedReason.REVOKED
    lowered_ms = None if user is None else user.lowered_ms
    if lowered_ms is not None and draft.fact.occurred_at_ms <= lowered_ms:
        return RefusedReason.SUPERSEDED
    if not has_place(draft, data.user_id):
        return RefusedReason.TOO_MANY_USERS
    if not proves_possession(draft, data):
        return RefusedReason.SIGNATURE_INVALID
    return None


def _password_too_old(draft: Draft, data: EnrollmentSubmitted, user: User | None) -> bool:
    """Rule 5: a fresh password login stands behind every enabling (NIST 800-63B, 20 minutes).

    A login before the last biometric change, or before biometrics were switched off against the
    user's will, proves nothing about who holds the phone now: a thief with the passcode could
    have added a finger since.
    """
    verified_ms = data.password_verified_at
    now_ms = draft.fact.now_ms
    policy = draft.policy
    if verified_ms < now_ms - policy.password_age_s_max * 1000:
        return True
    if verified_ms > now_ms + policy.password_ahead_s_max * 1000:
        return True
    changed_ms = draft.state.changed_ms
    if changed_ms is not None and verified_ms <= changed_ms:
        return True
    if user is None or user.disabled_reason in (None, DisabledReason.USER_REQUEST):
        return False
    return user.since_ms is not None and verified_ms <= user.since_ms


def _key_known(draft: Draft, key_id: str) -> bool:
    """Rule 6: every enabling makes a new key; a known one is a replay or a clone."""
    digest = key_digest(key_id)
    return any(
        user.key_id == key_id or remembers(user.old_keys, digest) for user in draft.state.users
    )


def _enable(draft: Draft, data: EnrollmentSubmitted) -> None:
    """Rule 9: counters start anew, the old key is remembered, a declined prompt is forgotten."""
    user = draft.state.user(data.user_id) or User(user_id=data.user_id, status=Status.ABSENT)
    old_keys = user.old_keys
    if user.key_id is not None:
        old_keys = remember(old_keys, key_digest(user.key_id), draft.policy.old_keys_max)
    enabled = User(
        user_id=user.user_id,
        status=Status.ENABLED,
        since_ms=user.since_ms if user.status is Status.ENABLED else draft.fact.now_ms,
        method=data.method,
        platform=data.platform,
        key_id=data.key_id,
        public_key=point_of(data.public_key),
        key_binding=data.key_binding,
        old_keys=old_keys,
        advised_ms=user.advised_ms,
        allow_re_enable=user.allow_re_enable,
        lowered_ms=user.lowered_ms,
    )
    put_known(draft, enabled)
    fields = decision_fields(draft, enabled)
    if user.disabled_reason is None:
        draft.decisions.append(Enabled(**fields, channel=data.channel))
    else:
        draft.decisions.append(
            ReEnabled(**fields, previous_reason=user.disabled_reason, channel=data.channel)
        )


def decline(draft: Draft, data: EnrollmentDeclined) -> Verdict:
    """A declined prompt is respected: only the settings are offered, for a month no prompt."""
    user = draft.state.user(data.user_id)
    if user is None or not user.live:
        kept = absent_user(draft, data.user_id) if user is None or _absent(user) else user
        put_known(draft, replace(kept, declined_ms=draft.fact.now_ms))
    return noted(draft)


def withdraw(draft: Draft, data: EnrollmentWithdrawn) -> Verdict:
    """Anyone may always switch off, for any reason; nothing about it is asked or refused."""
    user = draft.state.user(data.user_id)
    if user is None or _absent(user):
        put_known(draft, _lowered(draft, absent_user(draft, data.user_id)))
        return noted(draft)
    lowered = _lowered(draft, user)
    if user.live:
        disable(draft, lowered, DisabledReason.USER_REQUEST)
    elif user.revoked_for_good:
        draft.put(lowered)
    else:
        draft.put(replace(lowered, disabled_reason=DisabledReason.USER_REQUEST))
    return applied(draft)


def revoke(draft: Draft, data: EnrollmentRevoked) -> Verdict:
    """An administrator switches off; where there is no place to remember it, it is only noted."""
    if not has_place(draft, data.user_id):
        return noted(draft)
    known = draft.state.user(data.user_id)
    user = _lowered(draft, known or User(user_id=data.user_id, status=Status.ABSENT))
    user = replace(user, allow_re_enable=data.allow_re_enable)
    now_ms = draft.fact.now_ms
    if user.live:
        off = disabled_user(user, DisabledReason.ADMIN, now_ms)
        draft.put(off)
        guidance = disabled_guidance(DisabledReason.ADMIN, for_good=not data.allow_re_enable)
        draft.decisions.append(
            Disabled(
                **decision_fields(draft, off, guidance),
                reason=DisabledReason.ADMIN,
                reason_admin=data.reason_admin,
                allow_re_enable=data.allow_re_enable,
            )
        )
    elif user.disabled_reason is DisabledReason.USER_REQUEST and data.allow_re_enable:
        draft.put(user)
    else:
        take_place(draft, data.user_id)
        put_known(draft, disabled_user(user, DisabledReason.ADMIN, now_ms))
    return applied(draft)


def _absent(user: User) -> bool:
    return user.status is Status.ABSENT


def _lowered(draft: Draft, user: User) -> User:
    """The user with this event's time as lowered-at, at most now, if it is the latest."""
    at_ms = min(draft.fact.occurred_at_ms, draft.fact.now_ms)
    earlier_ms = at_ms if user.lowered_ms is None else user.lowered_ms
    return replace(user, lowered_ms=max(at_ms, earlier_ms))
