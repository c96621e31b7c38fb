"""The rules of the four enrollment events (design, section 4, rules 3 to 9 and below)."""

from collections.abc import Callable

from tests.auditor.judgement import Judgement, Verdict, refused, stale_epoch
from tests.auditor.signatures import enrollment_is_signed, point_of
from tests.auditor.state import ABSENT, DISABLED, ENABLED


def submitted(judgement: Judgement) -> Verdict:
    """Rules 3 to 9."""
    for reason, refuses in _REFUSALS:
        if refuses(judgement):
            return stale_epoch(judgement.device) if reason == "stale_epoch" else refused(reason)
    event, device = judgement.event, judgement.device
    user_id, data = event.data["user_id"], event.data
    user = device.make_place_for(user_id)  # rule 7
    if judgement.policy.must_be_signed(data["platform"]):
        device.remember_challenge(data["challenge"])
    if data["bio_epoch"] > device.bio_epoch:  # rule 8
        first = device.bio_epoch == 0
        device.bio_epoch = data["bio_epoch"]
        if not first:
            judgement.change_biometrics("biometrics_changed")

    was_disabled, previous_reason = user.status == DISABLED, user.reason  # rule 9
    user.become(ENABLED, None, judgement.now)
    if user.key_id is not None:
        device.remember_key(user, user.key_id)
    user.method, user.platform = data["method"], data["platform"]
    user.key_id, user.key_binding = data["key_id"], data["key_binding"]
    user.public_key = point_of(data.get("public_key"))
    user.failures = user.failures_in_a_row = user.failure_fallbacks = user.seq = 0
    user.troubled_fallbacks.clear()
    user.guided_login_id = user.declined_at = None
    if was_disabled:
        judgement.decide(
            "re-enabled", user_id, channel=data["channel"], previous_reason=previous_reason
        )
    else:
        judgement.decide("enabled", user_id, channel=data["channel"])
    return Verdict("applied", {})


def _not_ready(judgement: Judgement) -> bool:
    return bool(judgement.event.data["os_biometrics"] != "ready")


def _stale(judgement: Judgement) -> bool:
    return bool(judgement.event.data["bio_epoch"] < judgement.device.bio_epoch)


def _password_too_old(judgement: Judgement) -> bool:
    verified, now, policy = (
        judgement.event.data["password_verified_at"],
        judgement.now,
        judgement.policy,
    )
    if now - verified > policy.password_age_max or verified - now > policy.password_ahead_max:
        return True
    last_change, user = judgement.device.last_change, judgement.own_user
    if last_change is not None and verified <= last_change:
        return True
    if user is None or user.status != DISABLED or user.reason == "user_request":
        return False
    return user.since is not None and verified <= user.since


def _key_reused(judgement: Judgement) -> bool:
    return judgement.device.knows_key(judgement.event.data["key_id"])


def _revoked(judgement: Judgement) -> bool:
    return judgement.own_user is not None and judgement.own_user.revoked_for_good


def _superseded(judgement: Judgement) -> bool:
    lowered_at = judgement.own_user.lowered_at if judgement.own_user else None
    return lowered_at is not None and judgement.event.time_ms <= lowered_at


def _no_place(judgement: Judgement) -> bool:
    return not judgement.device.has_place_for(judgement.event.data["user_id"])


def _not_signed(judgement: Judgement) -> bool:
    must_be_signed = judgement.policy.must_be_signed(judgement.event.data["platform"])
    return must_be_signed and not enrollment_is_signed(judgement)


_REFUSALS: tuple[tuple[str, Callable[[Judgement], bool]], ...] = (
    ("os_biometrics_not_ready", _not_ready),  # rule 3
    ("stale_epoch", _stale),  # rule 4
    ("password_too_old", _password_too_old),  # rule 5
    ("key_reused", _key_reused),  # rule 6
    ("revoked", _revoked),  # rule 7
    ("superseded", _superseded),
    ("too_many_users", _no_place),
    ("signature_invalid", _not_signed),  # behind rule 7, before anybody leaves
)


def declined(judgement: Judgement) -> Verdict:
    """Noted; a live user is left alone, any other is not prompted for 30 days."""
    user = judgement.own_user
    if user is None or not user.live:
        user = judgement.device.entry_of(judgement.event.data["user_id"])
        user.declined_at = user.absent_since = judgement.now
    return Verdict("noted", {})


def withdrawn(judgement: Judgement) -> Verdict:
    """Anyone may always switch off: never refused for lack of trust."""
    event = judgement.event
    user_id = event.data["user_id"]
    user = judgement.device.entry_of(user_id)
    user.lower(event.time_ms, judgement.now)
    if user.status == ABSENT:
        user.absent_since = judgement.now
        return Verdict("noted", {})
    if user.live:
        judgement.disable(user_id, "user_request")
    elif not user.revoked_for_good:
        user.reason = "user_request"
    return Verdict("applied", {})


def revoked(judgement: Judgement) -> Verdict:
    """An administrator switches off, perhaps for good; also for a user never seen."""
    event, device = judgement.event, judgement.device
    user_id, allow_re_enable = event.data["user_id"], event.data["allow_re_enable"]
    if not device.has_place_for(user_id):
        return Verdict("noted", {})
    user = device.make_place_for(user_id)
    user.lower(event.time_ms, judgement.now)
    user.allow_re_enable = allow_re_enable
    if user.live:
        reason_admin = event.data["reason_admin"]
        judgement.disable(
            user_id, "admin", reason_admin=reason_admin, allow_re_enable=allow_re_enable
        )
    elif not (user.status == DISABLED and user.reason == "user_request" and allow_re_enable):
        user.become(DISABLED, "admin", judgement.now)
    return Verdict("applied", {})
