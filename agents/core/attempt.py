"""Logging in: a finished biometric prompt, an accepted password (design rules 10 to 20).

Counts rejections per device and user, never touches a password counter, and ends in the password
before it ends in a block (PSD2 RTS article 4, NIST 800-63B section 3.2.3).
"""

from typing import assert_never

from msgspec.structs import replace

from agents.core.admission import attempt_refusal, use_challenge
from agents.core.draft import Draft
from agents.core.outputs import (
    applied,
    decision_fields,
    disabled_guidance,
    noted,
    refused,
    verdict_fields,
)
from agents.core.standing import (
    change_biometrics,
    disable,
    disable_everyone,
    fall_back,
    rearm,
    require_password,
)
from agents.core.state import DeviceState, User
from events.decisions import ReEnableRequired, RefreshAdvised
from events.facts import AttemptFinished, PasswordAccepted
from events.verdicts import Accepted, Failed, NotCounted, Verdict
from events.vocabulary import (
    AttemptOutcome,
    DisabledReason,
    FallbackReason,
    Guidance,
    RearmedReason,
    RefusedReason,
    Status,
)

_DAY_MS = 86_400_000


def finish(draft: Draft, data: AttemptFinished) -> Verdict:
    """Rules 10 to 20: what a finished prompt means for its user."""
    state = draft.before
    user = draft.known
    if user is None or user.status is Status.ABSENT:
        return refused(draft, RefusedReason.UNKNOWN_BINDING)
    if _shows_change(state, user, data):
        change_biometrics(draft, data.bio_epoch, DisabledReason.BIOMETRICS_CHANGED)
        _guide(draft, draft.state.user(data.user_id) or user, data.login_id)
        return refused(draft, RefusedReason.BIOMETRICS_CHANGED)
    not_admitted = attempt_refusal(draft, user, data)
    if not_admitted is not None:
        return refused(draft, not_admitted)
    if user.status is Status.DISABLED:
        _guide(draft, user, data.login_id)
        return refused(draft, RefusedReason.DISABLED)
    if data.bio_epoch < state.bio_epoch:
        return refused(draft, RefusedReason.STALE_EPOCH)
    if data.key_id != user.key_id:
        return refused(draft, RefusedReason.UNKNOWN_KEY)
    if data.seq <= user.seq:
        return refused(draft, RefusedReason.REPLAYED)
    user = replace(user, seq=data.seq)  # rule 15: from here on the slot is taken
    if draft.signature is not None:
        use_challenge(draft, user.platform, data.challenge)
    if user.status is Status.FALLBACK and not _ends_biometrics(data.outcome):
        reason = _fallback_refusal(draft, user, data.login_id)
        if reason is not None:
            draft.put(user)
            return refused(draft, reason)
        user = rearm(draft, user, RearmedReason.NEXT_LOGIN)
    return _by_outcome(draft, user, data)


def _shows_change(state: DeviceState, user: User, data: AttemptFinished) -> bool:
    """Rule 11: the next login detects that the biometrics on the phone are others."""
    if data.bio_epoch > state.bio_epoch:
        return True
    return (
        data.outcome is AttemptOutcome.SET_CHANGED
        and user.live
        and data.bio_epoch == state.bio_epoch
        and data.key_id == user.key_id
    )


def _guide(draft: Draft, user: User, login_id: str) -> None:
    """Rule 12: guide the user through re-enabling, once a login, unless they do not want it."""
    reason = user.disabled_reason
    if reason is None or reason is DisabledReason.USER_REQUEST or user.revoked_for_good:
        return
    pause_ms = draft.policy.prompt_pause_days * _DAY_MS
    if user.declined_ms is not None and draft.fact.now_ms < user.declined_ms + pause_ms:
        return
    if login_id == user.guided_login_id:
        return
    guided = replace(user, guided_login_id=login_id)
    draft.put(guided)
    guidance = disabled_guidance(reason, for_good=False)
    fields = decision_fields(draft, guided, guidance)
    draft.decisions.append(ReEnableRequired(**fields, reason=reason))


def _ends_biometrics(outcome: AttemptOutcome) -> bool:
    """Outcomes that say the phone has no biometrics any more: heard in a fallback too (rule 16)."""
    return outcome in (AttemptOutcome.NOT_ENROLLED, AttemptOutcome.DEVICE_CREDENTIAL_MISSING)


def _fallback_refusal(draft: Draft, user: User, login_id: str) -> RefusedReason | None:
    """Rules 16 and 17: why a user in fallback must still use the password."""
    if login_id == user.fallback_login_id:
        return RefusedReason.FALLBACK_ACTIVE
    wait_until_ms = user.wait_until_ms
    now_ms = draft.fact.now_ms
    if wait_until_ms is None:
        return None
    # A wait longer than the longest can only be a now that went back: nobody is locked out.
    longest_ms = now_ms + draft.policy.wait_s_max * 1000
    return RefusedReason.WAIT if now_ms < wait_until_ms <= longest_ms else None


def _by_outcome(draft: Draft, user: User, data: AttemptFinished) -> Verdict:
    """Rule 19, for an enabled user (or, for the outcomes of rule 16, one in fallback)."""
    outcome = data.outcome
    match outcome:
        case AttemptOutcome.MATCHED:
            draft.put(_matched(user))
            return Accepted(**verdict_fields(draft))
        case AttemptOutcome.REJECTED:
            return _reject(draft, user, data.login_id)
        case AttemptOutcome.LOCKED_TIMED | AttemptOutcome.LOCKED_UNTIL_CREDENTIAL:
            user = _troubled(draft, user)
            fall_back(draft, user, FallbackReason.DEVICE_LOCKED, data.login_id)
            _advise(draft, often=_often_troubled(draft, user))
        case AttemptOutcome.FALLBACK_CHOSEN:
            troubled = user.failures > 0
            user = _troubled(draft, user) if troubled else user
            fall_back(draft, user, FallbackReason.USER_CHOICE, data.login_id)
            _advise(draft, often=troubled and _often_troubled(draft, user))
        case AttemptOutcome.UNAVAILABLE:
            fall_back(draft, user, FallbackReason.SENSOR_UNAVAILABLE, data.login_id)
        case AttemptOutcome.NOT_ENROLLED | AttemptOutcome.DEVICE_CREDENTIAL_MISSING:
            draft.put(user)
            disable_everyone(draft, DisabledReason.OS_BIOMETRICS_REMOVED)
            off = draft.state.user(user.user_id) or user
            require_password(draft, off, FallbackReason.OS_BIOMETRICS_REMOVED)
        case (
            AttemptOutcome.CANCELLED_USER
            | AttemptOutcome.CANCELLED_SYSTEM
            | AttemptOutcome.TIMEOUT
            | AttemptOutcome.SET_CHANGED  # a live user's is rule 11's or refused by rules 13, 14
        ):
            draft.put(user)
        case _:
            assert_never(outcome)
    return NotCounted(**verdict_fields(draft))


def _matched(user: User) -> User:
    if user.consecutive_failures or user.failures or user.failure_fallbacks:
        return replace(user, failures=0, consecutive_failures=0, failure_fallbacks=0)
    return user


def _reject(draft: Draft, user: User, login_id: str) -> Verdict:
    """A rejected scan: counts, then the password, and after 50 in a row biometrics are off."""
    policy = draft.policy
    user = replace(
        user,
        failures=user.failures + 1,
        consecutive_failures=user.consecutive_failures + 1,
    )
    troubled = False
    if user.consecutive_failures >= policy.consecutive_failures_max:
        disable(draft, user, DisabledReason.FAILURE_LIMIT)
    elif user.failures >= policy.failures_max:
        troubled = True
        user = _troubled(draft, replace(user, failure_fallbacks=user.failure_fallbacks + 1))
        wait_until_ms = draft.fact.now_ms + _wait_s(draft, user.failure_fallbacks) * 1000
        fall_back(draft, user, FallbackReason.TOO_MANY_FAILURES, login_id, wait_until_ms)
    else:
        draft.put(user)
    nearly_off = user.consecutive_failures == policy.advice_consecutive_failures
    _advise(draft, often=nearly_off or (troubled and _often_troubled(draft, user)))
    attempts_left = max(0, policy.failures_max - user.failures)
    return Failed(**verdict_fields(draft), attempts_left=attempts_left)


def _wait_s(draft: Draft, failure_fallbacks: int) -> int:
    """30 s, doubling with every fallback for failures, at most 1 h (rule 19)."""
    doublings = min(failure_fallbacks - 1, 32)  # far beyond the longest wait, and bounded
    return min(draft.policy.wait_s_first << doublings, draft.policy.wait_s_max)


def _troubled(draft: Draft, user: User) -> User:
    """The user with one troubled fallback more (rule 20)."""
    kept = (*user.troubled_ms, draft.fact.now_ms)[-draft.policy.troubled_fallbacks_max :]
    return replace(user, troubled_ms=kept)


def _often_troubled(draft: Draft, user: User) -> bool:
    recent = sum(at_ms > _window_start_ms(draft) for at_ms in user.troubled_ms)
    return recent >= draft.policy.advice_troubled_fallbacks


def _window_start_ms(draft: Draft) -> int:
    return draft.fact.now_ms - draft.policy.advice_window_days * _DAY_MS


def _advise(draft: Draft, *, often: bool) -> None:
    """Rule 20: once a week at most, advise to update the biometrics on the device; said last."""
    if not often:
        return
    user = draft.state.user(draft.user_id or "")
    if user is None:
        return
    if user.advised_ms is not None and user.advised_ms > _window_start_ms(draft):
        return
    advised = replace(user, advised_ms=draft.fact.now_ms)
    draft.put(advised)
    fields = decision_fields(draft, advised, Guidance.REFRESH_BIOMETRICS)
    draft.decisions.append(RefreshAdvised(**fields))


def accept_password(draft: Draft, data: PasswordAccepted) -> Verdict:
    """An accepted password ends a fallback; it never changes a disabled user."""
    user = draft.state.user(data.user_id)
    if user is None or not user.live:
        return noted(draft)
    if user.status is Status.FALLBACK:
        rearm(draft, user, RearmedReason.PASSWORD)
        return applied(draft)
    if user.failures:
        draft.put(replace(user, failures=0))
    return noted(draft)
