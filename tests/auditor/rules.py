"""The rules for all events, and which rules belong to which event (design, section 4)."""

from collections.abc import Callable

from tests.auditor import attempts, enrollment
from tests.auditor.judgement import Judgement, Verdict, refused, stale_epoch

_ERASED = "biolatch.device.erased.v1"


def judge(judgement: Judgement) -> Verdict:
    """Change the device and give the verdict; the decisions are left in the judgement."""
    event, device = judgement.event, judgement.device
    identity = (event.source, event.event_id)
    if identity in device.recent_events:  # rule 1
        return refused("duplicate")
    if _is_erased(judgement):  # rule 2
        return refused("erased")
    verdict = _RULES[event.type](judgement)
    if verdict.kind != "refused" and event.type != _ERASED:
        device.remember_event(identity)
    return verdict


def _is_erased(judgement: Judgement) -> bool:
    event, device = judgement.event, judgement.device
    marks = [device.erased_at]
    if event.user_id is not None:
        marks.append(device.user_marks.get(event.user_id))
    return any(mark is not None and event.time_ms <= mark for mark in marks)


def _biometrics_changed(judgement: Judgement) -> Verdict:
    device, data, policy = judgement.device, judgement.event.data, judgement.policy
    if data["bio_epoch"] <= device.bio_epoch:
        return stale_epoch(device)
    device.bio_epoch = data["bio_epoch"]
    only_the_system_changed = (
        data["os_upgraded"]
        and data["change"] == "unknown"
        and data["detected_by"] == "domain_state"
    )
    if policy.os_upgrade_keeps_enabled and only_the_system_changed:
        for user_id in device.live_users():
            judgement.decide("rebaselined", user_id)
    elif data["change"] == "all_removed":
        judgement.change_biometrics("os_biometrics_removed")
    else:
        judgement.change_biometrics("biometrics_changed")
    return Verdict("applied", {})


def _device_erased(judgement: Judgement) -> Verdict:
    event, device = judgement.event, judgement.device
    mark = min(event.time_ms, judgement.now)
    concerned = device.live_users()
    if event.user_id is not None:
        concerned = [user_id for user_id in concerned if user_id == event.user_id]
    for user_id in concerned:
        judgement.disable(user_id, "erased")
    if event.user_id is None:
        device.erase_everything(mark)
    else:
        device.users.pop(event.user_id, None)
        device.mark_user(event.user_id, mark)
    return Verdict("applied", {})


_RULES: dict[str, Callable[[Judgement], Verdict]] = {
    "biolatch.enrollment.submitted.v1": enrollment.submitted,
    "biolatch.enrollment.declined.v1": enrollment.declined,
    "biolatch.enrollment.withdrawn.v1": enrollment.withdrawn,
    "biolatch.enrollment.revoked.v1": enrollment.revoked,
    "biolatch.attempt.finished.v1": attempts.finished,
    "biolatch.attempt.password-accepted.v1": attempts.password_accepted,
    "biolatch.biometrics.changed.v1": _biometrics_changed,
    _ERASED: _device_erased,
}
