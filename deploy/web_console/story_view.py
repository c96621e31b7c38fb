"""A device's story as its page tells it: each step with what it says, and the rule behind it."""

import json
from collections.abc import Iterator
from typing import Final, NamedTuple

from deploy.inspection.causes import Cause, decision_name
from deploy.inspection.history import Step
from deploy.inspection.instants import day_of
from deploy.inspection.record_json import record_json
from deploy.inspection.record_words import message_of
from deploy.inspection.rule_words import rule_of_decision, rule_of_verdict
from deploy.inspection.standing import Answer, may_use_biometrics
from deploy.inspection.wording import NEXT_STEPS, OFFERS, REASONS
from deploy.records.topic_record import TopicRecord
from deploy.web_console.device_story import DeviceStory
from deploy.web_console.live.feed_row import OutputKind
from deploy.web_console.masks import IdKind
from deploy.web_console.record_facts import Fact, facts_of, members_of
from deploy.web_console.shown import Shown
from deploy.web_console.tones import Tone, tone_of
from events.facts import (
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.public_state import PublicUser
from events.vocabulary import Guidance, Offer, Status
from schemas.strict_json import Json

_TITLES: Final = {
    EnrollmentSubmitted.event_type: "Asked to enable it",
    EnrollmentDeclined.event_type: "Declined the prompt",
    EnrollmentWithdrawn.event_type: "Switched it off",
    EnrollmentRevoked.event_type: "Revoked by an administrator",
    AttemptFinished.event_type: "Biometric check",
    PasswordAccepted.event_type: "Password accepted",
    BiometricsChanged.event_type: "Faces or fingers changed",
    DeviceErased.event_type: "Erased",
}

_IN_THE_TITLE: Final = frozenset({"user_id", "outcome", "change"})
"""Members of an event that its headline says."""


class AnswerView(NamedTuple):
    """A verdict, a decision or a dead letter.

    Attributes:
        kind: which of the three.
        name: `refused`, `disabled`.
        reason: why; empty where it has none.
        tone: how to take it.
        rule: the rule behind it, in a sentence.
        guidance: what the user should do next; empty where nothing.
        user: whom it is about, where that is somebody else than the event's user.
    """

    kind: OutputKind
    name: str
    reason: str
    tone: Tone
    rule: str
    guidance: str
    user: str


class StepView(NamedTuple):
    """One event and its answers.

    Attributes:
        at_ms: when it arrived.
        title: what happened, for people.
        event_type: the same as the contract has it; empty where the event is no longer kept.
        user: whose event it was.
        facts: what it says.
        answers: verdict, decisions and dead letters.
        place: partition and offset of the event.
        records: the records whole, as JSON; for operators only.
    """

    at_ms: int
    title: str
    event_type: str
    user: str
    facts: tuple[Fact, ...]
    answers: tuple[AnswerView, ...]
    place: str
    records: tuple[tuple[str, str], ...]


class DayView(NamedTuple):
    """The steps of one day, the newest first."""

    day: str
    steps: list[StepView]


class UserView(NamedTuple):
    """How one user stands.

    Attributes:
        user: who.
        status: of the public state.
        answer: whether biometrics may be used now.
        because: why they are off; empty where they are not.
        facts: what else there is to know.
        set_by: what made them stand so; None where it is not among the steps.
    """

    user: str
    status: Status
    answer: Answer
    because: str
    facts: tuple[Fact, ...]
    set_by: Cause | None


def user_views(story: DeviceStory, shown: Shown, now_ms: int) -> list[UserView]:
    """Every user of the device, the live ones first."""
    users = story.state.users if story.state else {}
    order = {Status.ENABLED: 0, Status.FALLBACK: 1, Status.DISABLED: 2, Status.ABSENT: 3}
    return [
        UserView(
            user=shown.user(user_id),
            status=user.status,
            answer=may_use_biometrics(user, now_ms=now_ms),
            because=REASONS[user.reason] if user.reason else "",
            facts=tuple(_user_facts(user, shown)),
            set_by=story.causes.of(user_id, user),
        )
        for user_id, user in sorted(
            users.items(), key=lambda item: (order[item[1].status], item[0])
        )
    ]


def _user_facts(user: PublicUser, shown: Shown) -> Iterator[Fact]:
    if user.prompt_label is not None:
        yield Fact("prompt reads", user.prompt_label.value)
    if user.since is not None:
        yield Fact("since", user.since)
    if user.fallback_login_id is not None:
        login = shown.name(IdKind.LOGIN, user.fallback_login_id)
        yield Fact("needs the password", f"login {login}")
    if user.wait_until is not None:
        yield Fact("waits until", user.wait_until)
    if user.guidance is not Guidance.NONE:
        yield Fact("the user should", NEXT_STEPS[user.guidance])
    if user.offer is not Offer.NONE:
        yield Fact("offer", OFFERS[user.offer])
    if user.prompt_not_before is not None:
        yield Fact("declined", f"no prompt before {user.prompt_not_before}")


def days_of(story: DeviceStory, shown: Shown) -> list[DayView]:
    """The steps, day by day, the newest first."""
    days: list[DayView] = []
    for step in reversed(story.steps):
        day = day_of(step.timestamp_ms)
        if not days or days[-1].day != day:
            days.append(DayView(day, []))
        days[-1].steps.append(_step_view(step, shown))
    return days


def _step_view(step: Step, shown: Shown) -> StepView:
    event_type = "" if step.event is None else step.event.header("ce_type") or ""
    members = {} if step.event is None else members_of(step.event)
    user_id = str(members.get("user_id") or "")
    title = _title(step, event_type, members)
    return StepView(
        at_ms=step.timestamp_ms,
        title=title,
        event_type=event_type,
        user=shown.user(user_id),
        facts=tuple(facts_of(members, shown, said=_IN_THE_TITLE)),
        answers=tuple(_answers(step, event_type, user_id, shown)),
        place=f"{step.origin.partition}/{step.origin.offset}",
        records=tuple(_records(step)) if shown.is_clear else (),
    )


def _title(step: Step, event_type: str, members: dict[str, Json]) -> str:
    if step.event is None:
        return "An event that is no longer kept"
    title = _TITLES.get(event_type, "What could not be read")
    how = members.get("outcome") or members.get("change")
    return f"{title}: {how}" if isinstance(how, str) else title


def _answers(step: Step, event_type: str, user_id: str, shown: Shown) -> Iterator[AnswerView]:
    for letter in step.dead_letters:
        code = letter.header("biolatch-error-code") or "-"
        yield AnswerView(OutputKind.DEAD_LETTER, code, "", Tone.BAD, message_of(letter), "", "")
    if step.verdict is not None:
        yield _verdict(step.verdict, event_type)
    for decision in step.decisions:
        yield _decision(decision, user_id, shown)


def _verdict(verdict: TopicRecord, event_type: str) -> AnswerView:
    members = members_of(verdict)
    name, reason = _name(verdict), str(members.get("reason") or "")
    cause = members.get("cause")
    if not event_type and isinstance(cause, dict):
        event_type = str(cause.get("type") or "")
    rule = rule_of_verdict(
        name, event_type=event_type, reason=reason, outcome=str(members.get("outcome") or "")
    )
    tone = tone_of(OutputKind.VERDICT, name)
    return AnswerView(
        OutputKind.VERDICT, name, reason, tone, rule, _guidance(members.get("guidance")), ""
    )


def _decision(decision: TopicRecord, user_id: str, shown: Shown) -> AnswerView:
    members = members_of(decision)
    name, about = _name(decision), str(members.get("user_id") or "")
    whole_name = decision_name(decision.header("ce_type") or "", members)
    return AnswerView(
        kind=OutputKind.DECISION,
        name=name,
        reason=str(members.get("reason") or ""),
        tone=tone_of(OutputKind.DECISION, name),
        rule=rule_of_decision(whole_name),
        guidance=_guidance(members.get("guidance")),
        user=shown.user(about) if about != user_id else "",
    )


def _name(output: TopicRecord) -> str:
    return ".".join((output.header("ce_type") or "").split(".")[2:-1]) or "-"


def _guidance(guidance: object) -> str:
    is_known = guidance in tuple(Guidance) and guidance != Guidance.NONE
    return NEXT_STEPS[Guidance(str(guidance))] if is_known else ""


def _records(step: Step) -> Iterator[tuple[str, str]]:
    named = [("event", step.event), ("verdict", step.verdict)]
    named += [("decision", decision) for decision in step.decisions]
    named += [("dead letter", letter) for letter in step.dead_letters]
    for name, record in named:
        if record is not None:
            yield name, json.dumps(record_json(record), ensure_ascii=False, indent=2)
