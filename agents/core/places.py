"""Who has a place on a device: at most 16 users, at most 8 of them not absent.

Owns the bounds of the users in a row (design section 3 and rule 7): they keep the row small
whatever a publisher sends.
"""

from msgspec.structs import replace

from agents.core.changes import UserLeft
from agents.core.draft import Draft
from agents.core.state import DeviceState, User
from events.vocabulary import Status


def _others_active(state: DeviceState, user_id: str) -> list[User]:
    return [
        user for user in state.users if user.status is not Status.ABSENT and user.user_id != user_id
    ]


def _disabled_longest(users: list[User]) -> User | None:
    """Whoever is disabled longest (then lowest id) and not revoked for good."""
    can_leave = [
        user for user in users if user.status is Status.DISABLED and not user.revoked_for_good
    ]
    return min(can_leave, key=lambda user: (user.since_ms or 0, user.user_id), default=None)


def has_place(draft: Draft, user_id: str) -> bool:
    """Whether this user may be other than absent, if need be in the place of a disabled one."""
    if len(draft.state.users) < draft.policy.active_users_max:  # nearly every device
        return True
    others = _others_active(draft.state, user_id)
    return len(others) < draft.policy.active_users_max or _disabled_longest(others) is not None


def take_place(draft: Draft, user_id: str) -> None:
    """Free a place for this user to be other than absent (after `has_place` said there is one)."""
    if len(draft.state.users) < draft.policy.active_users_max:
        return
    others = _others_active(draft.state, user_id)
    leaver = _disabled_longest(others)
    if len(others) >= draft.policy.active_users_max and leaver is not None:
        draft.record(UserLeft(leaver.user_id))


def put_known(draft: Draft, user: User) -> None:
    """Put a user who may be new: beyond the bound the longest absent one leaves, never the new."""
    is_new = draft.state.user(user.user_id) is None
    if is_new and len(draft.state.users) >= draft.policy.users_max:
        _let_absent_leave(draft)
    draft.put(user)


def _let_absent_leave(draft: Draft) -> None:
    absent = [user for user in draft.state.users if user.status is Status.ABSENT]
    leaver = min(absent, key=lambda user: (user.noted_ms or 0, user.user_id), default=None)
    if leaver is not None:  # none: only under a policy whose bounds were lowered
        draft.record(UserLeft(leaver.user_id))


def absent_user(draft: Draft, user_id: str) -> User:
    """An absent user as of now: the known one noted again, or a new one."""
    known = draft.state.user(user_id) or User(user_id=user_id, status=Status.ABSENT)
    return replace(known, noted_ms=draft.fact.now_ms)
