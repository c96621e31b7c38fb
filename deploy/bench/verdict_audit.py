"""Whether every input got its verdict: exactly one, in order, as a `read_committed` reader sees it.

A verdict's id names the input record that it answers, and verdicts share the input's partition
number and order. So one number a partition is enough to find a verdict that is missing, repeated
or out of place.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from agents.lane.port import Partition
from deploy.records.reader import TopicReader
from deploy.records.topic_record import TopicRecord
from events.errors import InvariantBroken, Misconfigured
from events.verdicts import Refused

_POLL_WAIT_S: Final = 1.0


class _Reason(msgspec.Struct):
    reason: str


_reason: Final = msgspec.json.Decoder(_Reason).decode


class VerdictAudit:
    """Takes verdicts in the order in which they were read.

    Attributes:
        kinds: how many of each kind; of the refused ones, with their reason.
    """

    def __init__(self, input_topic: str, next_offsets: Mapping[int, int]) -> None:
        """Expect the verdict on the input record at `next_offsets` of each partition first."""
        self._input_topic: Final = input_topic
        self.next_offsets: Final = dict(next_offsets)
        self.kinds: Final[Counter[str]] = Counter()

    def take(self, record: TopicRecord) -> int:
        """Check one verdict; returns the offset of the input record that it answers.

        Raises:
            InvariantBroken: it is not the one that must come next.
        """
        number = record.partition.number
        offset = self.next_offsets[number]
        wanted = f"{self._input_topic}/{number}/{offset}/0"
        if (found := record.header("ce_id")) != wanted:
            raise InvariantBroken(
                "bench.verdict-out-of-place",
                f"after the verdicts before it, {wanted} had to come, and {found} came",
            )
        self.next_offsets[number] = offset + 1
        kind = record.header("ce_type") or ""
        if kind == Refused.event_type:
            kind = f"{kind} {_reason(record.value or b'').reason}"
        self.kinds[kind] += 1
        return offset

    def require_all(self, input_ends: Mapping[int, int]) -> None:
        """Do nothing if every input record was answered.

        Raises:
            InvariantBroken: some were not.
        """
        if self.next_offsets != dict(input_ends):
            raise InvariantBroken(
                "bench.verdicts-missing",
                f"verdicts are known up to {self.next_offsets} of the input, which ends at "
                f"{dict(input_ends)}",
            )


@dataclass(slots=True)
class Appended:
    """When verdicts were appended to their topic, by the broker's clock.

    Attributes:
        by_ms: how many in which millisecond since 1970.
    """

    by_ms: Counter[int] = field(default_factory=Counter[int])

    @property
    def events_per_s(self) -> float:
        """How many a second, between the first batch and the last; the first does not count.

        Raises:
            Misconfigured: all of them were in one batch.
        """
        first_ms, last_ms = min(self.by_ms), max(self.by_ms)
        if first_ms == last_ms:
            raise Misconfigured(
                "bench.too-few-events",
                "one batch took all events, so no rate can be told; ask for more --events",
            )
        return (self.by_ms.total() - self.by_ms[first_ms]) / (last_ms - first_ms) * 1000

    @property
    def seconds(self) -> float:
        """From the first batch to the last."""
        return (max(self.by_ms) - min(self.by_ms)) / 1000


async def audited(
    reader: TopicReader,
    verdicts: str,
    audit: VerdictAudit,
    *,
    measured_from: Mapping[int, int],
    positions: Mapping[int, int] | None = None,
) -> Appended:
    """Read and check all verdicts there are.

    Args:
        reader: connected.
        verdicts: the topic.
        audit: what to check with.
        measured_from: the first input offset of each partition that belongs to the measurement.
        positions: where to begin to read each partition; None: at its start.

    Returns:
        When the verdicts on measured input were appended.

    Raises:
        InvariantBroken: a verdict is missing, repeated or out of place.
    """
    spans = await reader.spans(await reader.partitions(verdicts))
    at: dict[Partition, int] = {
        each: span.start if positions is None else positions[each.number]
        for each, span in spans.items()
    }
    reader.start(at)
    appended = Appended()
    while behind := [each for each, offset in at.items() if offset < spans[each].end]:
        for partition, polled in (await reader.poll(behind, key=None, wait_s=_POLL_WAIT_S)).items():
            for record in polled.records:
                if audit.take(record) >= measured_from[partition.number]:
                    appended.by_ms[record.timestamp_ms] += 1
            at[partition] = polled.position
    return appended
