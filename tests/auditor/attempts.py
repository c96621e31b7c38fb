"""The rules of attempts (design, section 4, rules 10 to 20 and the accepted password)."""

from tests.auditor.judgement import Judgement, Verdict, refused, stale_epoch
from tests.auditor.signatures import attempt_is_signed
from tests.auditor.state import ABSENT, DISABLED, ENABLED, FALLBACK, User

_REMOVED = ("not_enrolled", "device_credential_missing")
_FALLBACK_REASONS = {
    "locked_timed": "device_locked",
    "locked_until_credential": "device_locked",
    "fallback_chosen": "user_choice",
    "unavailable": "sensor_unavailable",
}


def finished(judgement: Judgement) -> Verdict:
    """Rules 10 to 15: is this an attempt of a binding that stands?"""
    device, data = judgement.device, judgement.event.data
    user_id, user = data["user_id"], judgement.own_user
    if user is None or user.status == ABSENT:  # rule 10
        return refused("unknown_binding")
    if _change_found(judgement, user):  # rule 11
        device.bio_epoch = max(device.bio_epoch, data["bio_epoch"])
        judgement.change_biometrics("biometrics_changed")
        judgement.guide(user_id)
        return refused("biometrics_changed")
    must_be_signed = judgement.policy.must_be_signed(user.platform)
    if must_be_signed and not attempt_is_signed(judgement, user.public_key):  # rule 11c
        return refused("signature_invalid")
    if not device.take_token(judgement.now, judgement.policy.attempts_per_minute):  # rule 11d
        return refused("rate_limited")
    if user.status == DISABLED:  # rule 12
        judgement.guide(user_id)
        return refused("disabled")
    if data["bio_epoch"] < device.bio_epoch:  # rule 13
        return stale_epoch(device)
    if data["key_id"] != user.key_id:  # rule 14
        return refused("unknown_key")
    if data["seq"] <= user.seq:  # rule 15
        return refused("replayed")
    user.seq = data["seq"]
    if must_be_signed:
        device.remember_challenge(data["challenge"])
    return _fallback_over(judgement, user) or _by_outcome(judgement, user)


def _change_found(judgement: Judgement, user: User) -> bool:
    data, known_epoch = judgement.event.data, judgement.device.bio_epoch
    return data["bio_epoch"] > known_epoch or (
        data["outcome"] == "set_changed"
        and user.live
        and data["bio_epoch"] == known_epoch
        and data["key_id"] == user.key_id
    )


def _fallback_over(judgement: Judgement, user: User) -> Verdict | None:
    """Rules 16 to 18: a fallback lasts for its login, and after failures for its wait."""
    data, now = judgement.event.data, judgement.now
    if user.status != FALLBACK or data["outcome"] in _REMOVED:
        return None
    if data["login_id"] == user.fallback_login_id:  # rule 16
        return refused("fallback_active")
    if user.wait_until is not None and user.wait_until > now:  # rule 17
        if user.wait_until - now <= judgement.policy.wait_max:
            return refused("wait")
        judgement.device.bound_hits["wait further away than it can be"] += 1
    judgement.re_arm(data["user_id"], "next_login")  # rule 18
    return None


def _by_outcome(judgement: Judgement, user: User) -> Verdict:
    """Rule 19."""
    user_id, outcome = judgement.event.data["user_id"], judgement.event.data["outcome"]
    if outcome == "matched":
        user.failures = user.failures_in_a_row = user.failure_fallbacks = 0
        return Verdict("accepted", {})
    if outcome == "rejected":
        return _rejected(judgement, user)
    if outcome in _FALLBACK_REASONS:
        reason = _FALLBACK_REASONS[outcome]
        _fall_back(judgement, user, reason, None)
        troubled = reason == "device_locked" or (reason == "user_choice" and user.failures > 0)
        _advise(judgement, user, troubled=troubled)
    elif outcome in _REMOVED:
        judgement.switch_everybody_off("os_biometrics_removed")
        judgement.require_fallback(user_id, "os_biometrics_removed")
    return Verdict("not_counted", {})


def _rejected(judgement: Judgement, user: User) -> Verdict:
    policy, now = judgement.policy, judgement.now
    user.failures += 1
    user.failures_in_a_row += 1
    troubled = False
    if user.failures_in_a_row >= policy.failures_in_a_row_until_disabled:
        judgement.disable(judgement.event.data["user_id"], "failure_limit")
    elif user.failures >= policy.failures_until_fallback:
        user.failure_fallbacks += 1
        wait = policy.first_wait * 2 ** (user.failure_fallbacks - 1)
        if wait > policy.wait_max:
            judgement.device.bound_hits["wait of an hour"] += 1
        _fall_back(judgement, user, "too_many_failures", now + min(wait, policy.wait_max))
        troubled = True
    _advise(
        judgement,
        user,
        troubled=troubled,
        many_in_a_row=user.failures_in_a_row == policy.failures_in_a_row_until_advice,
    )
    attempts_left = max(0, policy.failures_until_fallback - user.failures)
    return Verdict("failed", {"attempts_left": attempts_left})


def _fall_back(judgement: Judgement, user: User, reason: str, wait_until: int | None) -> None:
    user.become(FALLBACK, reason, judgement.now)
    user.fallback_login_id = judgement.event.data["login_id"]
    user.wait_until = wait_until
    judgement.require_fallback(judgement.event.data["user_id"], reason, wait_until)


def _advise(
    judgement: Judgement, user: User, *, troubled: bool, many_in_a_row: bool = False
) -> None:
    """Rule 20."""
    policy, now = judgement.policy, judgement.now
    due = many_in_a_row
    if troubled:
        judgement.device.remember_troubled_fallback(user, now)
        recent = [time for time in user.troubled_fallbacks if time > now - policy.troubled_window]
        due = due or len(recent) >= policy.troubled_fallbacks_until_advice
    advised_lately = user.last_advice is not None and user.last_advice > now - policy.advice_pause
    if due and not advised_lately:
        user.last_advice = now
        judgement.decide(
            "refresh-advised", judgement.event.data["user_id"], guidance="refresh_biometrics"
        )


def password_accepted(judgement: Judgement) -> Verdict:
    """The password ends a fallback and the count of failures; it never enables anything."""
    user = judgement.own_user
    if user is not None and user.status == FALLBACK:
        judgement.re_arm(judgement.event.data["user_id"], "password")
        return Verdict("applied", {})
    if user is not None and user.status == ENABLED:
        user.failures = 0
    return Verdict("noted", {})
