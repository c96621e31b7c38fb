"""Events about the phone itself: its biometrics changed, it is to be forgotten."""

from agents.core.changes import DeviceForgotten, EpochTaken, UserLeft, UserMarksPut
from agents.core.draft import Draft
from agents.core.outputs import applied, decision_fields, refused
from agents.core.standing import change_biometrics
from agents.core.state import User
from agents.core.user_marks import UserMarks, with_mark
from events.decisions import Disabled, Rebaselined
from events.facts import BiometricsChanged, DeviceErased
from events.verdicts import Verdict
from events.vocabulary import BiometricChange, DetectedBy, DisabledReason, RefusedReason


def change(draft: Draft, data: BiometricsChanged) -> Verdict:
    """Other biometrics on the phone: nobody stays enabled, for anyone may have added a finger."""
    if data.bio_epoch <= draft.state.bio_epoch:
        return refused(draft, RefusedReason.STALE_EPOCH)
    if draft.policy.os_upgrade_keeps_enabled and _is_upgrade(data):
        draft.record(EpochTaken(data.bio_epoch, draft.state.changed_ms))
        for user in draft.own_first():
            if user.live:
                draft.decisions.append(Rebaselined(**decision_fields(draft, user)))
        return applied(draft)
    all_removed = data.change is BiometricChange.ALL_REMOVED
    change_biometrics(
        draft,
        data.bio_epoch,
        DisabledReason.OS_BIOMETRICS_REMOVED if all_removed else DisabledReason.BIOMETRICS_CHANGED,
    )
    return applied(draft)


def _is_upgrade(data: BiometricsChanged) -> bool:
    """Apple: a domain state may move with a major upgrade while the biometrics stay the same."""
    return (
        data.os_upgraded
        and data.change is BiometricChange.UNKNOWN
        and data.detected_by is DetectedBy.DOMAIN_STATE
    )


def erase(draft: Draft, data: DeviceErased, marks: UserMarks) -> Verdict:
    """Forget a user, or everything: only a mark stays, so that no replay brings them back."""
    state = draft.state
    for user in state.users:
        if user.live and data.user_id in (None, user.user_id):
            _say_erased(draft, user)
    at_ms = min(draft.fact.occurred_at_ms, draft.fact.now_ms)
    if data.user_id is None:
        earlier_ms = at_ms if state.erased_ms is None else state.erased_ms
        draft.record(DeviceForgotten(max(at_ms, earlier_ms)))
    else:
        if state.user(data.user_id) is not None:
            draft.record(UserLeft(data.user_id))
        draft.record(UserMarksPut(with_mark(draft, data.user_id, at_ms, marks)))
    return applied(draft)


def _say_erased(draft: Draft, user: User) -> None:
    fields = decision_fields(draft, user)
    draft.decisions.append(Disabled(**fields, reason=DisabledReason.ERASED))
