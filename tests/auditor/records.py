"""What lies on a Kafka topic, as plain tuples: the only thing the auditor shares with anybody."""

from collections.abc import Sequence
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
