"""A record in a few words: what kind of thing it says, and what about it matters to a reader.

Owns the wording for every topic. What matters most stands first, because a terminal may cut the
end; ids stand last. A record that does not look as it should is shown all the same.
"""

from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias, assert_never

from deploy.inspection.record_json import parsed_object
from deploy.inspection.topic_names import short_name
from deploy.inspection.visible_text import visible
from deploy.records.topic_record import TopicRecord
from events.errors import MalformedInput
from events.facts import (
    AnyFactData,
    AttemptFinished,
    BiometricsChanged,
    DeviceErased,
    EnrollmentDeclined,
    EnrollmentRevoked,
    EnrollmentSubmitted,
    EnrollmentWithdrawn,
    PasswordAccepted,
)
from events.vocabulary import OsBiometrics
from schemas import topics
from schemas.inputs import decode
from schemas.strict_json import Json

_TYPE: Final = "ce_type"


class Tone(StrEnum):
    """How a reader should take it; the values are rich's styles."""

    GOOD = "green"
    CARE = "yellow"
    BAD = "red"
    PLAIN = ""


class Words(NamedTuple):
    """A record in words.

    Attributes:
        kind: what it is, `attempt.finished` or `refused`.
        about: what matters about it.
        tone: how to take it.
    """

    kind: str
    about: str
    tone: Tone


Members: TypeAlias = dict[str, Json]

_TONES: Final = {
    "accepted": Tone.GOOD,
    "failed": Tone.CARE,
    "refused": Tone.BAD,
    "enabled": Tone.GOOD,
    "re-enabled": Tone.GOOD,
    "rearmed": Tone.GOOD,
    "disabled": Tone.BAD,
    "fallback-required": Tone.CARE,
    "fallback": Tone.CARE,
    "re-enable-required": Tone.CARE,
    "refresh-advised": Tone.CARE,
}

_SEVERITY_TONES: Final = {"Medium": Tone.CARE, "High": Tone.BAD}


def words_for(record: TopicRecord) -> Words:
    """The record in words, by its topic."""
    match record.partition.topic:
        case topics.DEVICE_EVENTS:
            return input_words(record)
        case topics.VERDICTS | topics.DECISIONS:
            return output_words(record)
        case topics.DEVICE_STATE:
            return _state_words(record)
        case topics.DEAD_LETTERS | topics.NOTIFICATION_DEAD_LETTERS:
            return dead_letter_words(record)
        case topics.SECURITY_EVENTS:
            return _feed_words(record)
        case _:
            size = "no value" if record.value is None else f"{len(record.value)} bytes"
            return Words("record", size, Tone.PLAIN)


def input_words(record: TopicRecord) -> Words:
    """An event as a publisher sent it."""
    try:
        fact = decode(
            record.key,
            record.value,
            record.headers,
            timestamp_ms=record.timestamp_ms,
            offset=record.offset,
        )
    except MalformedInput as error:
        return Words("malformed", f"{error.code}: {visible(str(error))}", Tone.BAD)
    return Words(_kind(fact.data.event_type), _about(fact.data), Tone.PLAIN)


def output_words(record: TopicRecord, *, said: frozenset[str] = frozenset()) -> Words:
    """A verdict or a decision; what was `said` of its input is not said again."""
    kind = _kind(record.header(_TYPE) or "")
    members = parsed_object(record.value)
    if members is None:
        return Words(kind, "its value cannot be read", Tone.BAD)
    facts = [fact for fact in _output_facts(members) if fact not in said]
    return Words(kind, _joined(*facts), _TONES.get(kind, Tone.PLAIN))


def dead_letter_words(record: TopicRecord) -> Words:
    """An input that could not be decoded, or a notification that was not delivered."""
    code = visible(record.header("biolatch-error-code"))
    place = origin_of(record).partition("/")[2]
    return Words(code, _joined(place, message_of(record)), Tone.BAD)


def origin_of(letter: TopicRecord) -> str:
    """Where a dead letter's original stood: `device-events/2/1234`."""
    place = (letter.header(f"biolatch-original-{part}") for part in ("partition", "offset"))
    topic = short_name(letter.header("biolatch-original-topic") or "-")
    return visible("/".join([topic, *(part or "-" for part in place)]))


def message_of(letter: TopicRecord) -> str:
    """What is wrong with a dead letter's original."""
    return visible(letter.header("biolatch-error-message"))


def _feed_words(record: TopicRecord) -> Words:
    members = parsed_object(record.value)
    if members is None:
        return Words("event", "its value cannot be read", Tone.BAD)
    tone = _SEVERITY_TONES.get(str(members.get("severity")), Tone.PLAIN)
    return Words(
        visible(str(members.get("type_name") or "event")),
        visible(str(members.get("message") or "")),
        tone,
    )


def _state_words(record: TopicRecord) -> Words:
    if record.value is None:
        return Words("removed", "no user is left", Tone.PLAIN)
    members = parsed_object(record.value)
    users = members.get("users") if members else None
    if not isinstance(users, dict):
        return Words("state", "its value cannot be read", Tone.BAD)
    standing = [_standing(user, state) for user, state in users.items()]
    statuses = {status for status, _ in standing}
    kind = statuses.pop() if len(statuses) == 1 else f"{len(users)} users"
    about = ", ".join(text for _, text in standing)
    return Words(visible(kind), visible(about), _TONES.get(kind, Tone.PLAIN))


def _standing(user: str, state: Json) -> tuple[str, str]:
    if not isinstance(state, dict):
        return "-", user
    status = str(state.get("status"))
    reason = state.get("reason")
    return status, f"{user} {status}({reason})" if reason else f"{user} {status}"


def _kind(event_type: str) -> str:
    """`refused` for `biolatch.verdict.refused.v1`, `attempt.finished` for an input."""
    name = event_type.removeprefix("biolatch.").rpartition(".")[0]
    return visible(name.removeprefix("verdict.").removeprefix("decision.")) or "-"


def _about(data: AnyFactData) -> str:
    match data:
        case EnrollmentSubmitted():
            os_biometrics = data.os_biometrics
            trouble = "" if os_biometrics is OsBiometrics.READY else os_biometrics.value
            what = f"{data.method} on {data.platform}"
            return _joined(trouble, what, data.channel, data.user_id)
        case EnrollmentDeclined() | EnrollmentWithdrawn():
            return _joined(data.channel, data.user_id)
        case EnrollmentRevoked():
            again = "may enable again" if data.allow_re_enable else "for good"
            return _joined(again, data.user_id, data.reason_admin)
        case AttemptFinished():
            return _joined(data.outcome, data.place, data.user_id, data.login_id)
        case PasswordAccepted():
            return _joined(data.place, data.user_id, data.login_id)
        case BiometricsChanged():
            return _joined(data.change, f"epoch {data.bio_epoch}")
        case DeviceErased():
            return data.user_id or "the whole device"
        case _:
            assert_never(data)


def _output_facts(members: Members) -> list[str]:
    """What an output says, the most telling first."""
    cause = members.get("cause")
    facts = [str(members.get("reason") or "")]
    if (previous_reason := members.get("previous_reason")) is not None:
        facts.append(f"was {previous_reason}")
    if (attempts_left := members.get("attempts_left")) is not None:
        facts.append(f"{attempts_left} left")
    if (guidance := members.get("guidance")) not in (None, "none"):
        facts.append(f"-> {guidance}")
    if (wait_until := members.get("wait_until")) is not None:
        facts.append(f"until {str(wait_until)[11:19]}")
    facts.append(str(members.get("outcome") or members.get("channel") or ""))
    if members.get("place") is None and isinstance(cause, dict):
        facts.append(_kind(str(cause.get("type") or "")))
    facts += [str(members.get("place") or ""), str(members.get("user_id") or "")]
    return facts


def _joined(*parts: str) -> str:
    return "  ".join(visible(part) for part in parts if part)
