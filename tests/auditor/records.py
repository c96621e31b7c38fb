"""What lies on a Kafka topic, as plain tuples: the only thing the auditor shares with anybody."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Headers = Sequence[tuple[str, bytes | None]]


class RawRecord(NamedTuple):
    """One record of any topic, as a consumer gives it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class WireForm(NamedTuple):
    """One record that has to be written: the value parsed, the headers as text."""

    topic: str
    partition: int
    key: str
    headers: dict[str, str]
    value: dict[str, Any]


class Topics(NamedTuple):
    """The names of the output topics (design, section 5)."""

    verdicts: str = "biolatch.verdicts"
    decisions: str = "biolatch.decisions"
    dead_letters: str = "biolatch.dead-letters"
    device_state: str = "biolatch.device-state"


class Watched(NamedTuple):
    """One look at a partition while workers run: the offset committed for the group then, and the
    end of each output's log (committed or not yet), asked for after that."""

    partition: int
    committed: int
    output_ends: Mapping[str, int]


class Delivery(NamedTuple):
    """What the workers left besides their outputs.

    Attributes:
        changelog: every committed record of the changelog.
        input_ends: the end offset of each input partition.
        committed: the offset committed for the group, by input partition.
        watched: looks at the group while workers ran.
        erasure_key: under which the workers marked who was erased; None: in clear.
    """

    changelog: Sequence[RawRecord]
    input_ends: Mapping[int, int]
    committed: Mapping[int, int]
    watched: Sequence[Watched] = ()
    erasure_key: bytes | None = None
