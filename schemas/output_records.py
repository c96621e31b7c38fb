"""From records back to verdicts and decisions: what readers of biolatch's own outputs need.

Owns the way back of `schemas.outputs`. Tolerant as the contract asks of consumers: a field that is
not known is ignored, and so is an event of a type that is not known.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from events.decisions import DECISION_TYPES, Decision
from events.errors import MalformedInput
from events.timestamps import parse_rfc3339
from events.verdicts import VERDICT_TYPES, Verdict


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


_DECODERS: Final[dict[bytes, msgspec.json.Decoder[Any]]] = {
    output_type.event_type.encode(): msgspec.json.Decoder(output_type)
    for output_type in (*VERDICT_TYPES, *DECISION_TYPES)
}


def read_output(
    value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> OutputEvent | None:
    """The verdict or decision of a record; None for an event of another type.

    Raises:
        MalformedInput: `output.unreadable`: it is of a known type and not as we write it.
    """
    attributes = {name: content for name, content in headers if content is not None}
    decoder = _DECODERS.get(attributes.get("ce_type", b""))
    if decoder is None:
        return None
    try:
        return OutputEvent(
            attributes["ce_id"].decode("ascii"),
            parse_rfc3339(attributes["ce_time"].decode("ascii")),
            decoder.decode(value or b""),
        )
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise MalformedInput(
            "output.unreadable", f"the record is no such event ({type(error).__name__})"
        ) from error
