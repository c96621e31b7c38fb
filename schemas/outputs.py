"""From verdicts, decisions and public states to records: CloudEvents in binary mode.

Owns ids, headers and values of everything the devices agent writes (design section 5). Every
byte is a function of the input record, the row and the policy, so a repeat after a crash is equal
to what it repeats.
"""

from collections.abc import Sequence
from functools import lru_cache
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
) -> tuple[OutputRecord, Sequence[OutputRecord]]:
    """The records that answer one input event.

    Args:
        origin: `<input topic>/<partition>/<offset>` of the input record; with the index behind
            it, the id of each output.
        fact: the input event.
        verdict: index 0.
        decisions: indexes 1, 2, ... in this order.
    """
    key = fact.device_id.encode()
    answer = (key, _encode(verdict), _headers(key, f"{origin}/0", _TYPE[type(verdict)], fact))
    if not decisions:
        return answer, ()
    return answer, [
        (
            key,
            _encode(decision),
            _headers(key, f"{origin}/{index}", _TYPE[type(decision)], fact),
        )
        for index, decision in enumerate(decisions, 1)
    ]


def _headers(
    key: bytes, event_id: str, event_type: tuple[str, bytes], fact: Fact
) -> list[tuple[str, bytes | None]]:
    return [
        ("ce_id", event_id.encode()),
        event_type,
        _SPECVERSION,
        _SOURCE,
        ("ce_subject", key),
        _time_header(fact.now_ms),
        ("ce_causationid", fact.event_id.encode()),
        _CONTENT_TYPE,
    ]


@lru_cache(maxsize=16)
def _time_header(now_ms: int) -> tuple[str, bytes]:
    """Records that a broker appends together have one time."""
    return ("ce_time", format_rfc3339(now_ms).encode())


def public_state_value(state: PublicState | None) -> bytes | None:
    """The value of a device's compacted record; none when no user is left: a tombstone."""
    return None if state is None else _encode(state)


def public_state_record(key: bytes, origin: str, value: bytes | None) -> OutputRecord:
    """The compacted record of a device.

    Args:
        key: the device id.
        origin: `<input topic>/<partition>/<offset>` of the last event that the state includes.
        value: of `public_state_value`.
    """
    return key, value, ((AS_OF_HEADER, origin.encode()),)
