"""May this user use biometrics on this device now? The answer of the public state, in words."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

import msgspec

from deploy.inspection.instants import span_of_time
from deploy.inspection.visible_text import visible
from deploy.inspection.wording import NEXT_STEPS, OFFERS, REASONS
from deploy.records.topic_record import TopicRecord
from events.errors import Misconfigured
from events.public_state import PublicState, PublicUser
from events.timestamps import parse_rfc3339
from events.vocabulary import Guidance, Offer, Status


class Answer(StrEnum):
    """Whether biometrics may be used now."""

    YES = "yes"
    OTHER_LOGIN = "other_login"
    """In any login but the one that needs the password."""
    NO = "no"


class Fact(NamedTuple):
    """One thing to know about a user: a label and words."""

    label: str
    words: str


def read_state(record: TopicRecord) -> PublicState | None:
    """The public state in a record; None for a tombstone.

    Raises:
        Misconfigured: this version of biolatch cannot read it.
    """
    if record.value is None:
        return None
    try:
        return msgspec.json.decode(record.value, type=PublicState)
    except msgspec.DecodeError as error:
        raise Misconfigured(
            "state.unreadable",
            f"the state at {record.partition}/{record.offset} cannot be read ({error}). If a newer "
            "biolatch has written it, use that one.",
        ) from error


def may_use_biometrics(user: PublicUser, *, now_ms: int) -> Answer:
    """The answer by design section 4: enabled; or in fallback, once the wait is over, elsewhere."""
    match user.status:
        case Status.ENABLED:
            return Answer.YES
        case Status.FALLBACK:
            return Answer.NO if _wait_ms(user, now_ms) > 0 else Answer.OTHER_LOGIN
        case Status.DISABLED | Status.ABSENT:
            return Answer.NO


def facts_of(user: PublicUser, *, now_ms: int) -> Iterator[Fact]:
    """What there is to know about a user, in the order in which it is read."""
    if user.status is Status.ABSENT:
        yield Fact("because", "it was never enabled")
    elif user.reason is not None:
        yield Fact("because", f"{REASONS[user.reason]} ({user.reason})")
    elif user.prompt_label is not None:
        yield Fact("by", user.prompt_label.value)
    if user.since is not None:
        yield Fact("since", _instant(user.since, now_ms))
    if user.fallback_login_id is not None:
        yield Fact("this login", f"{visible(user.fallback_login_id)} needs the password")
        wait_ms = _wait_ms(user, now_ms)
        when = f"not before {user.wait_until}, in {span_of_time(wait_ms)}" if wait_ms > 0 else "yes"
        yield Fact("next login", when)
    if user.guidance is not Guidance.NONE:
        yield Fact("to do", NEXT_STEPS[user.guidance])
    if user.offer is not Offer.NONE or user.status not in (Status.ENABLED, Status.FALLBACK):
        yield Fact("app", OFFERS[user.offer])
    if user.prompt_not_before is not None:
        yield Fact("prompt", f"declined; not before {user.prompt_not_before}")


def _wait_ms(user: PublicUser, now_ms: int) -> int:
    return 0 if user.wait_until is None else parse_rfc3339(user.wait_until) - now_ms


def _instant(text: str, now_ms: int) -> str:
    return f"{text} ({span_of_time(max(0, now_ms - parse_rfc3339(text)))} ago)"
