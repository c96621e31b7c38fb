"""From a record of the decisions topic to the decision: what its consumers read.

As tolerant as consumers have to be: fields that are not known are passed over, and so are types of
a later version. What cannot be read at all raises.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from events.decisions import DECISION_TYPES, Decision
from events.errors import MalformedInput
from schemas.plain_inputs import Headers

_DECODE: Final = {
    decision_type.event_type.encode(): msgspec.json.Decoder(decision_type).decode
    for decision_type in DECISION_TYPES
}
_NEEDED: Final = ("ce_id", "ce_time", "ce_type")


class DecisionRecord(NamedTuple):
    """A decision, with what its envelope says.

    Attributes:
        id: `ce_id`: stable, and the same for a repeat.
        time: `ce_time`: when it was decided.
        decision: the event's data.
    """

    id: str
    time: str
    decision: Decision


def read_decision(value: bytes | None, headers: Headers) -> DecisionRecord | None:
    """Return the decision; None for one of a type that this version does not know.

    Raises:
        MalformedInput: it is no decision as this version, or a later one, writes it.
    """
    by_name: Mapping[str, bytes | None] = dict(headers)
    missing = [name for name in _NEEDED if not by_name.get(name)]
    if missing:
        raise MalformedInput("decision.header-missing", f"no header {', '.join(missing)}")
    event_id, time, event_type = (by_name[name] or b"" for name in _NEEDED)
    decode = _DECODE.get(event_type)
    if decode is None:
        return None
    try:
        return DecisionRecord(event_id.decode("ascii"), time.decode("ascii"), decode(value or b""))
    except UnicodeDecodeError as error:
        raise MalformedInput("decision.header-unreadable", "a header is not ASCII") from error
    except msgspec.MsgspecError as error:
        # Without the library's words, which may quote what it stumbled over.
        raise MalformedInput(
            "decision.data-unreadable", "the value is no data of this type"
        ) from error
