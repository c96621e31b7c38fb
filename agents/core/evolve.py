"""How a change moves the row: total, no rules, no validation."""

from collections.abc import Sequence
from typing import assert_never

from msgspec.structs import replace

from agents.core.changes import (
    AttemptAdmitted,
    ChallengeUsed,
    Change,
    DeviceForgotten,
    EpochTaken,
    EventTaken,
    UserLeft,
    UserMarksPut,
    UserPut,
)
from agents.core.state import DeviceState, User


def evolve(state: DeviceState, change: Change) -> DeviceState:
    """The row after one change."""
    match change:
        case UserPut(user):
            return replace(state, users=_with(state.users, user))
        case EventTaken(offset, recent_events):
            return replace(state, recent_events=recent_events, watermark=offset)
        case EpochTaken(bio_epoch, changed_ms):
            return replace(state, bio_epoch=bio_epoch, changed_ms=changed_ms)
        case UserLeft(user_id):
            return replace(state, users=tuple(u for u in state.users if u.user_id != user_id))
        case UserMarksPut(marks):
            return replace(state, erased_users=marks)
        case AttemptAdmitted(bucket_full_ms):
            return replace(state, bucket_full_ms=bucket_full_ms)
        case ChallengeUsed(used_challenges):
            return replace(state, used_challenges=used_challenges)
        case DeviceForgotten(erased_ms):
            return DeviceState(erased_ms=erased_ms, watermark=state.watermark)
        case _:
            assert_never(change)


def fold(state: DeviceState, changes: Sequence[Change]) -> DeviceState:
    """The row after these changes, in order: `evolve` one by one."""
    match changes:
        case [  # nearly every event: one step
            AttemptAdmitted(bucket_full_ms),
            UserPut(user),
            EventTaken(offset, recent_events),
        ]:
            return replace(
                state,
                users=_with(state.users, user),
                recent_events=recent_events,
                watermark=offset,
                bucket_full_ms=bucket_full_ms,
            )
        case _:
            for change in changes:
                state = evolve(state, change)
            return state


def _with(users: tuple[User, ...], user: User) -> tuple[User, ...]:
    """The users with one put in its place, in the order of ids."""
    if len(users) == 1 and users[0].user_id == user.user_id:  # nearly every device
        return (user,)
    others = [other for other in users if other.user_id != user.user_id]
    return tuple(sorted([*others, user], key=lambda one: one.user_id))
