"""What a decided event changes in its device's row; the row is the fold of these and nothing else.

Recorded by `decide`, applied by `evolve`. A change holds results, not reasons: applying it needs
no rule and cannot fail.
"""

from typing import TypeAlias

import msgspec

from agents.core.state import ErasureMark, User


class UserPut(msgspec.Struct, frozen=True, gc=False):
    """A user of the device is now this."""

    user: User


class UserLeft(msgspec.Struct, frozen=True, gc=False):
    """A user is no longer known on the device."""

    user_id: str


class EpochTaken(msgspec.Struct, frozen=True, gc=False):
    """The device took an epoch; `changed_ms` is when its biometrics last changed."""

    bio_epoch: int
    changed_ms: int | None


class UserMarksPut(msgspec.Struct, frozen=True, gc=False):
    """The erasure marks of the device's users are now these."""

    marks: tuple[ErasureMark, ...]


class DeviceForgotten(msgspec.Struct, frozen=True, gc=False):
    """Everything of the device left but the mark of its erasure."""

    erased_ms: int


class AttemptAdmitted(msgspec.Struct, frozen=True, gc=False):
    """An attempt passed the flood guard; the bucket is full again at this instant."""

    bucket_full_ms: int


class ChallengeUsed(msgspec.Struct, frozen=True, gc=False):
    """A signed challenge was used; these are the digests now remembered."""

    used_challenges: bytes


class EventTaken(msgspec.Struct, frozen=True, gc=False):
    """The event at this offset is in the row; `recent_events` are the digests now remembered."""

    offset: int
    recent_events: bytes


Change: TypeAlias = (
    UserPut
    | UserLeft
    | EpochTaken
    | UserMarksPut
    | DeviceForgotten
    | AttemptAdmitted
    | ChallengeUsed
    | EventTaken
)
