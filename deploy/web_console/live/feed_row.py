"""One output of biolatch as a row of the feed: what people look for, and no more."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from deploy.inspection.history import Origin, origin_of
from deploy.records.topic_record import TopicRecord
from schemas.topics import DEAD_LETTERS, DECISIONS, VERDICTS


class OutputKind(StrEnum):
    """What an output is."""

    VERDICT = "verdict"
    DECISION = "decision"
    DEAD_LETTER = "dead-letter"


KIND_OF_TOPIC: Final[Mapping[str, OutputKind]] = {
    VERDICTS: OutputKind.VERDICT,
    DECISIONS: OutputKind.DECISION,
    DEAD_LETTERS: OutputKind.DEAD_LETTER,
}


class _Data(msgspec.Struct, frozen=True, gc=False):
    """What is read of an output; whatever else it has is skipped."""

    user_id: str = ""
    reason: str = ""
    platform: str = ""
    method: str = ""
    outcome: str = ""
    channel: str = ""
    place: str = ""
    guidance: str = "none"
    previous_reason: str = ""
    attempts_left: int | None = None


_NOTHING: Final = _Data()
_decode: Final = msgspec.json.Decoder(_Data).decode


class FeedRow(NamedTuple):
    """One output.

    Attributes:
        number: counts all rows since the console began; rises.
        timestamp_ms: when it was written, by the broker.
        kind: verdict, decision or dead letter.
        name: which one: `refused`, `disabled`, a dead letter's code.
        reason: why; empty where it has none.
        platform: of the phone; empty where it is not known.
        device: the device's id; empty where a dead letter has none.
        user_id: the user's; empty where it has none.
        facts: what else matters, in words of closed sets: never an id.
        origin: the input that it stems from.
        place: partition and offset of the output itself.
    """

    number: int
    timestamp_ms: int
    kind: OutputKind
    name: str
    reason: str
    platform: str
    device: str
    user_id: str
    facts: tuple[str, ...]
    origin: Origin
    place: Origin

    @property
    def type(self) -> str:
        """Kind and name, as the feed's filter has them: `decision.disabled`, `dead-letter`."""
        if self.kind is OutputKind.DEAD_LETTER:
            return self.kind.value
        return f"{self.kind}.{self.name}"


def feed_row(number: int, record: TopicRecord) -> FeedRow:
    """The row of a record of the verdicts, the decisions or the dead letters."""
    kind = KIND_OF_TOPIC[record.partition.topic]
    data = _NOTHING if kind is OutputKind.DEAD_LETTER else _data_of(record)
    return FeedRow(
        number=number,
        timestamp_ms=record.timestamp_ms,
        kind=kind,
        name=_name_of(kind, record),
        reason=data.reason,
        platform=data.platform,
        device=(record.key or b"").decode(errors="replace"),
        user_id=data.user_id,
        facts=tuple(_facts(data)),
        origin=origin_of(record),
        place=Origin(record.partition.number, record.offset),
    )


def _name_of(kind: OutputKind, record: TopicRecord) -> str:
    if kind is OutputKind.DEAD_LETTER:
        return record.header("biolatch-error-code") or "-"
    # biolatch.verdict.refused.v1
    parts = (record.header("ce_type") or "").split(".")
    return ".".join(parts[2:-1]) or "-"


def _data_of(record: TopicRecord) -> _Data:
    try:
        return _decode(record.value or b"")
    except msgspec.DecodeError:  # not written by biolatch
        return _NOTHING


def _facts(data: _Data) -> list[str]:
    facts = [data.outcome, data.channel, data.place, data.method]
    if data.attempts_left is not None:
        facts.append(f"{data.attempts_left} left")
    if data.previous_reason:
        facts.append(f"was {data.previous_reason}")
    if data.guidance != "none":
        facts.append(f"guidance: {data.guidance}")
    return [fact for fact in facts if fact]
