"""Erasure marks of users: whose they are, and how they are put.

A mark outlives the user whom it keeps away, so the shell may give it a name from which nobody can
tell the user. The rules compare names and make none: a name is made by `UserMarks`, and only for a
row that has marks, or for an erasure.
"""

from collections.abc import Callable
from typing import TypeAlias

from msgspec.structs import replace

from agents.core.changes import UserMarksPut
from agents.core.draft import Draft
from agents.core.state import ErasureMark

UserMarks: TypeAlias = Callable[[str, str], tuple[str, ...]]
"""Device id and user id to the names that a mark of that user may have, the one to put first."""


def clear_marks(_device_id: str, user_id: str) -> tuple[str, ...]:
    """A mark is named by the user's own id: what stands where no key is set."""
    return (user_id,)


def is_user_erased(draft: Draft, marks: UserMarks) -> bool:
    """Rule 2 for the event's own user. A mark under an older name gets the one to put."""
    standing = draft.state.erased_users
    user_id = draft.user_id
    if not standing or user_id is None:
        return False
    names = marks(draft.fact.device_id, user_id)
    for place, mark in enumerate(standing):
        if mark.user_id in names:
            if mark.user_id != names[0]:
                renamed = replace(mark, user_id=names[0])
                draft.record(UserMarksPut((*standing[:place], renamed, *standing[place + 1 :])))
            return draft.fact.occurred_at_ms <= mark.at_ms
    return False


def with_mark(draft: Draft, user_id: str, at_ms: int, marks: UserMarks) -> tuple[ErasureMark, ...]:
    """The marks with this one: it never moves back, and a ninth makes the oldest earlier leave.

    "Then lowest id" (design section 3) compares names as they stand in the row.
    """
    names = marks(draft.fact.device_id, user_id)
    standing = draft.state.erased_users
    earlier = next((mark.at_ms for mark in standing if mark.user_id in names), at_ms)
    others = [mark for mark in standing if mark.user_id not in names]
    if len(others) >= draft.policy.erased_users_max:
        others.remove(min(others, key=lambda mark: (mark.at_ms, mark.user_id)))
    return (*others, ErasureMark(user_id=names[0], at_ms=max(at_ms, earlier)))
