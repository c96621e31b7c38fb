"""From records back to verdicts and decisions: what readers of biolatch's own outputs need.

Owns the way back of `schemas.outputs`. Tolerant as the contract asks of consumers: a field that is
not known is ignored, and so is an event of a type that is not known.
"""

from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from events.decisions import DECISION_TYPES, Decision
from events.errors import MalformedInput
from events.timestamps import parse_rfc3339
from events.verdicts import VERDICT_TYPES, Verdict
from schemas.plain_inputs import Headers


class OutputEvent(NamedTuple):
    """A verdict or a decision as it was read.

    Attributes:
        event_id: its `ce_id`; one output, one id, on every repeat.
        now_ms: its `ce_time`: when the rules decided (ms since 1970).
        data: what was decided.
    """

    event_id: str
    now_ms: int
    data: Decision | Verdict


UnreadablePart: TypeAlias = Literal["header-missing", "header-unreadable", "data-unreadable"]
"""What of a record keeps it from being read, as error codes name it."""


class UnreadableOutput(MalformedInput):
    """A record that is no output as this version, or a later one, writes it.

    Attributes:
        part: what of it cannot be read; for readers whose codes tell that apart.
    """

    def __init__(self, part: UnreadablePart, message: str) -> None:
        super().__init__("output.unreadable", message)
        self.part: Final = part


_DECODERS: Final[dict[bytes, msgspec.json.Decoder[Any]]] = {
    output_type.event_type.encode(): msgspec.json.Decoder(output_type)
    for output_type in (*VERDICT_TYPES, *DECISION_TYPES)
}
_NEEDED: Final = ("ce_id", "ce_time", "ce_type")


def read_output(value: bytes | None, headers: Headers) -> OutputEvent | None:
    """The verdict or decision of a record; None for an event of another type.

    Raises:
        UnreadableOutput: `output.unreadable`: it is no event at all, or is of a known type and not
            as we write it. The message never quotes what is in it.
    """
    attributes = dict(headers)
    missing = [name for name in _NEEDED if not attributes.get(name)]
    if missing:
        raise UnreadableOutput("header-missing", f"no header {', '.join(missing)}")
    event_id, time, event_type = (attributes[name] or b"" for name in _NEEDED)
    decoder = _DECODERS.get(event_type)
    if decoder is None:
        return None
    try:
        envelope = event_id.decode("ascii"), parse_rfc3339(time.decode("ascii"))
    except ValueError as error:
        why = "ce_id is not ASCII, or ce_time no RFC 3339 date-time"
        raise UnreadableOutput("header-unreadable", why) from error
    try:
        return OutputEvent(*envelope, decoder.decode(value or b""))
    except (UnicodeDecodeError, msgspec.MsgspecError) as error:
        # Without the library's words, which may quote what it stumbled over.
        raise UnreadableOutput("data-unreadable", "the value is no data of this type") from error
