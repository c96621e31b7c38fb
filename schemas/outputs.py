"""From verdicts, decisions and public states to records: CloudEvents in binary mode.

Owns ids, headers and values of everything the devices agent writes (design section 5). Every
byte is a function of the input record, the row and the policy, so a repeat after a crash is equal
to what it repeats.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from events.decisions import DECISION_TYPES, Decision
from events.facts import Fact
from events.public_state import PublicState
from events.timestamps import format_rfc3339
from events.verdicts import VERDICT_TYPES, Verdict

OutputRecord: TypeAlias = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]
"""Key, value, headers."""

SOURCE: Final = "/biolatch"
AS_OF_HEADER: Final = "biolatch-as-of"

_SPECVERSION: Final = ("ce_specversion", b"1.0")
_SOURCE: Final = ("ce_source", SOURCE.encode())
_CONTENT_TYPE: Final = ("content-type", b"application/json")
_TYPE: Final = {
    output_type: ("ce_type", output_type.event_type.encode())
    for output_type in (*VERDICT_TYPES, *DECISION_TYPES)
}
_encode: Final = msgspec.json.Encoder().encode


def verdict_and_decisions(
    origin: str, fact: Fact, verdict: Verdict, decisions: Sequence[Decision]
) -> tuple[OutputRecord, list[OutputRecord]]:
    """The records that answer one input event.

    Args:
        origin: `<input topic>/<partition>/<offset>` of the input record; with the index behind
            it, the id of each output.
        fact: the input event.
        verdict: index 0.
        decisions: indexes 1, 2, ... in this order.
    """
    key = fact.device_id.encode()
    common = (
        _SPECVERSION,
        _SOURCE,
        ("ce_subject", key),
        ("ce_time", format_rfc3339(fact.now_ms).encode()),
        ("ce_causationid", fact.event_id.encode()),
        _CONTENT_TYPE,
    )
    answers: list[OutputRecord] = []
    for index, output in enumerate((verdict, *decisions)):
        identity = ("ce_id", f"{origin}/{index}".encode())
        answers.append((key, _encode(output), (identity, _TYPE[type(output)], *common)))
    return answers[0], answers[1:]


def public_state_record(key: bytes, origin: str, state: PublicState | None) -> OutputRecord:
    """The compacted record of a device; a tombstone when no user is left.

    Args:
        key: the device id.
        origin: `<input topic>/<partition>/<offset>` of the last event that the state includes.
        state: what is known, or none.
    """
    return key, None if state is None else _encode(state), ((AS_OF_HEADER, origin.encode()),)
