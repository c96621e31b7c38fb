"""The reference model: an input record in, what has to be written out.

It is written from the design alone and shares no code with the product, so that whatever either of
them misreads shows as a difference. It is a model of what is decided, not of how it is delivered.
"""

from collections import Counter
from typing import Any, NamedTuple

from tests.auditor.decoding import Event, Malformed, decode
from tests.auditor.judgement import Judgement, Verdict
from tests.auditor.outputs import decision_form, known_before, public_state, verdict_form
from tests.auditor.policy import Policy
from tests.auditor.records import RawRecord, Topics, WireForm
from tests.auditor.rules import judge
from tests.auditor.state import Device


class Result(NamedTuple):
    """What one input record leads to: a verdict and its decisions, or neither (a dead letter)."""

    verdict: WireForm | None
    decisions: tuple[WireForm, ...]

    @property
    def is_dead_letter(self) -> bool:
        """The record could not be decoded."""
        return self.verdict is None


class Model:
    """All devices. Records of one partition have to come in the order of their offsets."""

    def __init__(self, policy: Policy, topics: Topics = Topics()) -> None:  # noqa: B008 - immutable
        self.policy = policy
        self.topics = topics
        self.bound_hits: Counter[str] = Counter()
        self._devices: dict[tuple[str, int, str], Device] = {}

    def step(self, record: RawRecord) -> Result:
        """Judge one input record."""
        try:
            event = decode(record)
        except Malformed:
            return Result(None, ())
        judgement = Judgement(event, record.timestamp_ms, self._device(record, event), self.policy)
        known = known_before(judgement)
        verdict: Verdict = judge(judgement)
        judgement.device.last_seen = record.offset
        if verdict.kind != "refused":
            judgement.device.last_kept = record.offset
        return Result(
            verdict_form(verdict, judgement, known, record, self.topics),
            tuple(
                decision_form(decision, index, judgement, record, self.topics)
                for index, decision in enumerate(judgement.decisions, start=1)
            ),
        )

    def public_state(self, topic: str, partition: int, device_id: str) -> dict[str, Any] | None:
        """The device's public state now; None where there is none (a tombstone, if it had one)."""
        device = self._devices.get((topic, partition, device_id))
        return None if device is None else public_state(device_id, device, self.policy)

    def device(self, topic: str, partition: int, device_id: str) -> Device:
        """What is remembered of a device that an event named."""
        return self._devices[topic, partition, device_id]

    def devices(self) -> list[tuple[str, int, str]]:
        """Input topic, partition and id of every device that an event named."""
        return sorted(self._devices)

    def _device(self, record: RawRecord, event: Event) -> Device:
        place = (record.topic, record.partition, event.device_id)
        if place not in self._devices:
            self._devices[place] = Device(self.bound_hits)
        return self._devices[place]
