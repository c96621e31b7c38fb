"""The entry to the rules: one event in, one verdict and any number of decisions out.

`decide` says what follows from an event; `evolve` says what a change does to the row; `step` is
both at once and what the shell calls. A refusal is a verdict, never an exception. Same row, same
event and same policy give the same result, byte for byte.
"""

from typing import assert_never

import msgspec

from agents.core import attempt, device, enrollment
from agents.core.changes import Change, EventTaken
from agents.core.digests import event_digest, remember, remembers
from agents.core.draft import Draft
from agents.core.outputs import refused, refused_erased
from agents.core.policy import Policy
from agents.core.signature import VerifiedSignature
from agents.core.state import DeviceState
from agents.core.user_marks import UserMarks, clear_marks, is_user_erased
from events.decisions import Decision
from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    Fact,
    PasswordAccepted,
)
from events.verdicts import Refused, Verdict
from events.vocabulary import RefusedReason


class Decided(msgspec.Struct, frozen=True, gc=False):
    """What follows from one event.

    Attributes:
        verdict: the answer to the event.
        decisions: in the order in which they are published.
        changes: what changes in the row; empty where nothing does.
    """

    verdict: Verdict
    decisions: tuple[Decision, ...]
    changes: tuple[Change, ...]


def decide(
    state: DeviceState,
    fact: Fact,
    policy: Policy,
    signature: VerifiedSignature | None = None,
    marks: UserMarks = clear_marks,
) -> Decided:
    """All rules of design section 4 on one event.

    Args:
        state: the row of the event's device.
        fact: the event.
        policy: the numbers.
        signature: its device signature, if it has one that is right; looked at only where the
            policy requires one.
        marks: names erased users.
    """
    return _drafted(state, fact, policy, signature, marks)[1]


def step(
    state: DeviceState,
    fact: Fact,
    policy: Policy,
    signature: VerifiedSignature | None = None,
    marks: UserMarks = clear_marks,
) -> tuple[DeviceState, Decided]:
    """The row after an event, and what follows from it: `decide`, then the fold of `evolve`."""
    return _drafted(state, fact, policy, signature, marks)


def _drafted(
    state: DeviceState,
    fact: Fact,
    policy: Policy,
    signature: VerifiedSignature | None,
    marks: UserMarks,
) -> tuple[DeviceState, Decided]:
    draft = Draft(state, fact, policy, signature)
    digest = event_digest(fact.source, fact.event_id)
    verdict = _judge(draft, digest, marks)
    if type(verdict) is not Refused:
        if isinstance(fact.data, DeviceErased):  # may have forgotten them; is not kept itself
            recent = draft.state.recent_events
        else:
            recent = remember(state.recent_events, digest, policy.recent_events_max)
        draft.record(EventTaken(fact.offset, recent))
    elif draft.changes:
        draft.record(EventTaken(fact.offset, state.recent_events))
    return draft.state, Decided(verdict, tuple(draft.decisions), tuple(draft.changes))


def _judge(draft: Draft, digest: bytes, marks: UserMarks) -> Verdict:
    """Rules 1 and 2, then the rules of the event's kind."""
    if remembers(draft.state.recent_events, digest):
        return refused(draft, RefusedReason.DUPLICATE)
    if _is_device_erased(draft) or is_user_erased(draft, marks):
        return refused_erased(draft)
    data = draft.fact.data
    match data:
        case AttemptFinished():
            return attempt.finish(draft, data)
        case PasswordAccepted():
            return attempt.accept_password(draft, data)
        case EnrollmentSubmitted():
            return enrollment.submit(draft, data)
        case EnrollmentDeclined():
            return enrollment.decline(draft, data)
        case EnrollmentWithdrawn():
            return enrollment.withdraw(draft, data)
        case EnrollmentRevoked():
            return enrollment.revoke(draft, data)
        case BiometricsChanged():
            return device.change(draft, data)
        case DeviceErased():
            return device.erase(draft, data, marks)
        case _:
            assert_never(data)


def _is_device_erased(draft: Draft) -> bool:
    """Rule 2: nothing from up to an erasure comes back, whenever it arrives."""
    erased_ms = draft.state.erased_ms
    return erased_ms is not None and draft.fact.occurred_at_ms <= erased_ms
