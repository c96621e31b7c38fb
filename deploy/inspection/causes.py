"""Why each user of a device stands where they do: the last step that moved them.

Fed with a device's steps in order, keeps the last cause of every user. Most moves are decisions;
three things move a user's reason without one (design section 4): a withdrawal or a revocation of
someone who is not live, and a biometric change that renews the reason of those whom the phone had
switched off (rule 11b). All of them can be seen in verdicts and decisions.
"""

from typing import Final, NamedTuple

from deploy.inspection.history import Step
from deploy.inspection.record_json import parsed_object
from deploy.inspection.record_words import input_words
from deploy.inspection.wording import GUIDANCE_ONLY, RULES, WITHOUT_DECISION
from deploy.records.topic_record import TopicRecord
from events.decisions import Disabled, Enabled, FallbackRequired, Rearmed, ReEnabled
from events.errors import MalformedInput
from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    Fact,
)
from events.public_state import PublicUser
from events.verdicts import Applied
from events.vocabulary import BiometricChange, OffReason, RefusedReason, Status
from schemas.inputs import decode
from schemas.strict_json import Json

_STATUS_AFTER: Final = {
    Enabled.event_type: Status.ENABLED,
    ReEnabled.event_type: Status.ENABLED,
    Rearmed.event_type: Status.ENABLED,
    FallbackRequired.event_type: Status.FALLBACK,
    Disabled.event_type: Status.DISABLED,
}
"""The decisions that move a user; the others advise."""

_OF_THE_PHONE: Final = frozenset({OffReason.BIOMETRICS_CHANGED, OffReason.OS_BIOMETRICS_REMOVED})


class Cause(NamedTuple):
    """What moved a user.

    Attributes:
        number: of the step, counted from the first.
        step: the step in which it did.
        what: the decision, `disabled(biometrics_changed)`, or the event where there was none.
        rule: why that follows, in words.
        status: the user's status since then.
        reason: why the user is off since then.
    """

    number: int
    step: Step
    what: str
    rule: str
    status: Status
    reason: OffReason | None


class Causes:
    """The last cause of every user."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._number = 0
        self._bio_epoch = 0
        self._by_decision: Final[dict[str, Cause]] = {}
        self._by_event: Final[dict[tuple[str, OffReason], Cause]] = {}
        self._by_change: Final[dict[OffReason, Cause]] = {}

    def take(self, step: Step) -> None:
        """A further step of the device."""
        self._number += 1
        fact = None if step.event is None else _fact(step.event)
        if step.verdict is not None:
            self._take_verdict(step, fact, step.verdict)
        for decision in step.decisions:
            self._take_decision(step, decision)

    def of(self, user_id: str, user: PublicUser) -> Cause | None:
        """What made the user stand as they do; None where the topics no longer say."""
        known = [self._by_decision.get(user_id)]
        if user.reason is not None:
            known.append(self._by_event.get((user_id, user.reason)))
            known.append(self._by_change.get(user.reason))
        return max(
            (
                cause
                for cause in known
                if cause is not None
                and cause.status is user.status
                and (cause.reason is user.reason or cause.status is Status.ENABLED)
            ),
            key=lambda cause: cause.number,
            default=None,
        )

    def _take_decision(self, step: Step, decision: TopicRecord) -> None:
        event_type = decision.header("ce_type") or ""
        status = _STATUS_AFTER.get(event_type)
        members = parsed_object(decision.value)
        if status is None or members is None:
            return
        what = decision_name(event_type, members)
        if what == GUIDANCE_ONLY:
            return
        reason = _off_reason(members.get("reason"))
        cause = Cause(self._number, step, what, RULES.get(what, ""), status, reason)
        self._by_decision[str(members.get("user_id"))] = cause
        if reason is not None and reason in _OF_THE_PHONE:
            self._by_change[reason] = cause

    def _take_verdict(self, step: Step, fact: Fact | None, verdict: TopicRecord) -> None:
        if fact is None:
            return
        members = parsed_object(verdict.value) or {}
        is_applied = verdict.header("ce_type") == Applied.event_type
        is_change = members.get("reason") == RefusedReason.BIOMETRICS_CHANGED
        match fact.data:
            case EnrollmentWithdrawn() if is_applied:
                self._move(step, fact.data.user_id, OffReason.USER_REQUEST)
            case EnrollmentRevoked() if is_applied:
                self._move(step, fact.data.user_id, OffReason.ADMIN)
            case EnrollmentSubmitted() if is_applied:
                # The first epoch of a device is just taken (rule 8).
                if 0 < self._bio_epoch < fact.data.bio_epoch:
                    self._change(step, OffReason.BIOMETRICS_CHANGED)
                self._bio_epoch = max(self._bio_epoch, fact.data.bio_epoch)
            case BiometricsChanged() if is_applied:
                is_removal = fact.data.change is BiometricChange.ALL_REMOVED
                self._change(
                    step,
                    OffReason.OS_BIOMETRICS_REMOVED if is_removal else OffReason.BIOMETRICS_CHANGED,
                )
                self._bio_epoch = fact.data.bio_epoch
            case AttemptFinished() if is_change:
                self._change(step, OffReason.BIOMETRICS_CHANGED)
                self._bio_epoch = max(self._bio_epoch, fact.data.bio_epoch)
            case DeviceErased() if is_applied and fact.data.user_id is None:
                self._bio_epoch = 0
            case _:
                pass

    def _move(self, step: Step, user_id: str, reason: OffReason) -> None:
        # The reason need not have moved (a revocation leaves a withdrawal's where the user may
        # enable it again), so the cause of the other one is kept.
        self._by_event[user_id, reason] = self._event_cause(step, reason)

    def _change(self, step: Step, reason: OffReason) -> None:
        self._by_change[reason] = self._event_cause(step, reason)

    def _event_cause(self, step: Step, reason: OffReason) -> Cause:
        event = "an event" if step.event is None else input_words(step.event).kind
        return Cause(self._number, step, event, WITHOUT_DECISION[reason], Status.DISABLED, reason)


def decision_name(event_type: str, members: dict[str, Json]) -> str:
    """A decision as people write it: `enabled`, `disabled(biometrics_changed)`."""
    name = event_type.removeprefix("biolatch.decision.").rpartition(".")[0]
    reason = members.get("reason")
    return f"{name}({reason})" if reason else name


def _off_reason(reason: Json) -> OffReason | None:
    return OffReason(reason) if reason in tuple(OffReason) else None


def _fact(event: TopicRecord) -> Fact | None:
    try:
        return decode(
            event.key,
            event.value,
            event.headers,
            timestamp_ms=event.timestamp_ms,
            offset=event.offset,
        )
    except MalformedInput:
        return None
