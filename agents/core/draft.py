"""One event being decided: the row as far as the rules have come, and what they said so far.

A draft lives for one call of `decide` and never leaves it. Every change goes through `record`,
so the row in the draft is by construction the fold of the recorded changes.
"""

from typing import Final

from agents.core.changes import Change, UserPut
from agents.core.evolve import fold
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import DeviceState, User
from events.decisions import Decision
from events.facts import BiometricsChanged, Fact


class Draft:
    """The work on one event.

    Attributes:
        fact: the event.
        policy: the numbers.
        signature: what the shell verified of the event's device signature, if anything.
        before: the row as it was.
        changes, decisions: in the order in which the rules made them.
        user_id: the event's own user, if it has one.
        known: that user as the row had it before.
    """

    __slots__ = (
        "_applied",
        "_state",
        "before",
        "changes",
        "decisions",
        "fact",
        "known",
        "policy",
        "signature",
        "user_id",
    )

    def __init__(
        self,
        state: DeviceState,
        fact: Fact,
        policy: Policy,
        signature: VerifiedSignature | None,
    ) -> None:
        self.fact: Final = fact
        self.policy: Final = policy
        self.signature: Final = signature
        self.before: Final = state
        self.changes: Final[list[Change]] = []
        self.decisions: Final[list[Decision]] = []
        data = fact.data
        user_id = None if isinstance(data, BiometricsChanged) else data.user_id
        self.user_id: Final = user_id
        self.known: Final = None if user_id is None else state.user(user_id)
        self._state = state
        self._applied = 0

    @property
    def state(self) -> DeviceState:
        """The row as far as changes are recorded; they are applied when somebody looks."""
        if self._applied != len(self.changes):
            self._state = fold(self._state, self.changes[self._applied :])
            self._applied = len(self.changes)
        return self._state

    def record(self, change: Change) -> None:
        """Keep a change, which is in the row from here on."""
        self.changes.append(change)

    def put(self, user: User) -> None:
        """A user is now this."""
        self.record(UserPut(user))

    def own_first(self) -> list[User]:
        """The users as they are now: the event's own first, the others by id (design section 4)."""
        own = [user for user in self.state.users if user.user_id == self.user_id]
        return own + [user for user in self.state.users if user.user_id != self.user_id]
