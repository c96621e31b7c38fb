"""One row per device and its bounds (design, section 3)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from tests.auditor.times import MINUTE

USERS_MAX = 16
NOT_ABSENT_MAX = 8
RECENT_EVENTS_MAX = 16
USER_MARKS_MAX = 8
OLD_KEYS_MAX = 4
TROUBLED_FALLBACKS_MAX = 8
USED_CHALLENGES_MAX = 32

ABSENT, ENABLED, FALLBACK, DISABLED = "absent", "enabled", "fallback", "disabled"

_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class User:
    """What is known of one user of a device. Lists hold the oldest first."""

    status: str = ABSENT
    reason: str | None = None
    since: int | None = None
    method: str | None = None
    platform: str | None = None
    key_id: str | None = None
    key_binding: str | None = None
    public_key: tuple[str, str] | None = None
    old_keys: list[str] = field(default_factory=list)
    failures: int = 0
    failures_in_a_row: int = 0
    seq: int = 0
    troubled_fallbacks: list[int] = field(default_factory=list)
    failure_fallbacks: int = 0
    wait_until: int | None = None
    fallback_login_id: str | None = None
    last_advice: int | None = None
    guided_login_id: str | None = None
    allow_re_enable: bool = True
    declined_at: int | None = None
    lowered_at: int | None = None
    absent_since: int = 0
    """Now of the last decline or withdrawal; it only orders absent users."""

    @property
    def live(self) -> bool:
        """Enabled or in fallback."""
        return self.status in (ENABLED, FALLBACK)

    @property
    def revoked_for_good(self) -> bool:
        """Disabled by an administrator who does not allow a new enabling."""
        return self.status == DISABLED and self.reason == "admin" and not self.allow_re_enable

    def become(self, status: str, reason: str | None, now: int) -> None:
        """Move to a status; `since` moves only when the status changes."""
        if status != self.status:
            self.status, self.since = status, now
        self.reason = reason
        if status in (ENABLED, DISABLED):
            self.wait_until = self.fallback_login_id = None

    def lower(self, time: int, now: int) -> None:
        """Keep the latest `ce_time` of a withdrawal or revocation, each at most its now."""
        lowered = min(time, now)
        self.lowered_at = lowered if self.lowered_at is None else max(self.lowered_at, lowered)


@dataclass(slots=True)
class Device:
    """The row. `bound_hits` counts how often each bound pushed something out."""

    bound_hits: Counter[str]
    bio_epoch: int = 0
    last_change: int | None = None
    users: dict[str, User] = field(default_factory=dict)
    recent_events: list[tuple[str, str]] = field(default_factory=list)
    erased_at: int | None = None
    user_marks: dict[str, int] = field(default_factory=dict)
    used_challenges: list[str] = field(default_factory=list)
    refill_due: int = 0
    """How much time the bucket of attempts needed to be full, when it was last looked at."""
    bucket_seen_at: int = 0
    last_kept: int = -1
    """Offset of the last event that was not refused."""
    last_seen: int = -1
    """Offset of the last event of all."""

    def live_users(self, first: str | None = None) -> list[str]:
        """Users enabled or in fallback: the event's own user first, the others by id."""
        live = [user_id for user_id, user in self.users.items() if user.live]
        return sorted(live, key=lambda user_id: (user_id != first, user_id))

    def knows_key(self, key_id: str) -> bool:
        """Current or remembered, of any user."""
        return any(key_id in (user.key_id, *user.old_keys) for user in self.users.values())

    def has_place_for(self, user_id: str) -> bool:
        """Rule 7: may this user be one of the eight who are not absent?"""
        return not self._is_ninth(user_id) or self._who_can_leave() is not None

    def make_place_for(self, user_id: str) -> User:
        """The user's entry; a ninth who is not absent, or a seventeenth, makes another leave."""
        if self._is_ninth(user_id):
            leaving = self._who_can_leave()
            assert leaving is not None, "asked for without has_place_for"
            del self.users[leaving]
            self.bound_hits["ninth user not absent"] += 1
        return self.entry_of(user_id)

    def entry_of(self, user_id: str) -> User:
        """The user's entry; a seventeenth user makes the longest absent one leave."""
        if user_id not in self.users:
            if len(self.users) == USERS_MAX:
                absent = [name for name, user in self.users.items() if user.status == ABSENT]
                del self.users[min(absent, key=lambda name: (self.users[name].absent_since, name))]
                self.bound_hits["seventeenth user"] += 1
            self.users[user_id] = User()
        return self.users[user_id]

    def _is_ninth(self, user_id: str) -> bool:
        not_absent = [name for name, user in self.users.items() if user.status != ABSENT]
        return user_id not in not_absent and len(not_absent) == NOT_ABSENT_MAX

    def _who_can_leave(self) -> str | None:
        """Of the disabled users not revoked for good the one disabled longest, then lowest id."""
        candidates = [
            (user.since or 0, user_id)
            for user_id, user in self.users.items()
            if user.status == DISABLED and not user.revoked_for_good
        ]
        return min(candidates)[1] if candidates else None

    def remember_event(self, event: tuple[str, str]) -> None:
        """Keep the last 16 events that were not refused."""
        self._keep(self.recent_events, event, RECENT_EVENTS_MAX, "seventeenth event")

    def remember_key(self, user: User, key_id: str) -> None:
        """Keep the user's last 4 old keys."""
        self._keep(user.old_keys, key_id, OLD_KEYS_MAX, "fifth old key")

    def remember_challenge(self, challenge: str) -> None:
        """Keep the last 32 challenges that were signed."""
        bound = "thirty-third challenge"
        self._keep(self.used_challenges, challenge, USED_CHALLENGES_MAX, bound)

    def take_token(self, now: int, per_minute: int) -> bool:
        """Take one of the tokens that come evenly, so many in a minute and at most so many."""
        if per_minute == 0:
            return True
        time_of_one = MINUTE // per_minute
        due = self.refill_due - (now - self.bucket_seen_at)
        if due > per_minute * time_of_one:  # more than an empty bucket needs: now went back
            self.bound_hits["bucket further from full than it can be"] += 1
            due = 0
        due = max(due, 0) + time_of_one
        if due > per_minute * time_of_one:
            return False
        self.refill_due, self.bucket_seen_at = due, now
        return True

    def remember_troubled_fallback(self, user: User, now: int) -> None:
        """Keep the times of the user's last 8 troubled fallbacks."""
        bound = "ninth troubled fallback"
        self._keep(user.troubled_fallbacks, now, TROUBLED_FALLBACKS_MAX, bound)

    def _keep(self, kept: list[_Kept], newest: _Kept, at_most: int, bound: str) -> None:
        kept.append(newest)
        if len(kept) > at_most:
            del kept[0]
            self.bound_hits[bound] += 1

    def mark_user(self, user_id: str, mark: int) -> None:
        """Keep the erasure mark of a user; a ninth makes the oldest of the earlier eight leave."""
        if user_id in self.user_marks:
            mark = max(mark, self.user_marks[user_id])
        elif len(self.user_marks) == USER_MARKS_MAX:
            del self.user_marks[
                min(self.user_marks, key=lambda name: (self.user_marks[name], name))
            ]
            self.bound_hits["ninth erasure mark"] += 1
        self.user_marks[user_id] = mark

    def erase_everything(self, mark: int) -> None:
        """All leaves but the mark, which never moves back."""
        self.erased_at = mark if self.erased_at is None else max(mark, self.erased_at)
        self.bio_epoch, self.last_change = 0, None
        self.users.clear()
        self.recent_events.clear()
        self.user_marks.clear()
        self.used_challenges.clear()
        self.refill_due = self.bucket_seen_at = 0
