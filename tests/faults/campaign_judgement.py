"""What a campaign left, read back, and what the auditor says of it."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from schemas.topics import (
    DEAD_LETTERS,
    DECISIONS,
    DEVICE_EVENTS,
    DEVICE_STATE,
    VERDICTS,
    topology,
)
from tests.auditor.audit import PolicyOf, differences
from tests.auditor.audit_repeats import repeat_differences
from tests.auditor.policy import Policy
from tests.auditor.records import Delivery, RawRecord
from tests.faults.devices_worker import POLICY
from tests.faults.group_watch import GroupWatch
from tests.faults.load import Acknowledged
from tests.journeys.topic_dump import dump

_READ_S_MAX = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything on the topics.

    Attributes:
        by_topic: every committed record.
        uncommitted: the verdicts as a `read_uncommitted` reader gets them.
        delivery: rows, positions and offsets.
        acknowledged: what publishers were told is safe.
    """

    by_topic: dict[str, list[RawRecord]]
    uncommitted: list[RawRecord]
    delivery: Delivery
    acknowledged: Sequence[Acknowledged]

    @classmethod
    async def read(
        cls,
        servers: str,
        watch: GroupWatch,
        acknowledged: Sequence[Acknowledged],
        *,
        partitions: int | Collection[int],
    ) -> Self:
        """Read all topics to their ends; of partitions the first so many, or just these."""
        by_topic: dict[str, list[RawRecord]] = {
            topic.name: await dump(servers, [topic.name], partitions=partitions, wait_s=_READ_S_MAX)
            for topic in topology().topics
        }
        return cls(
            by_topic=by_topic,
            uncommitted=await dump(
                servers,
                [VERDICTS],
                partitions=partitions,
                isolation_level="read_uncommitted",
                wait_s=_READ_S_MAX,
            ),
            delivery=Delivery(
                changelog=by_topic[topology().devices_changelog.name],
                input_ends=await watch.input_ends(),
                committed=await watch.committed(),
                watched=watch.seen,
            ),
            acknowledged=acknowledged,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is wrong, and what was counted."""

    differences: list[str]
    counts: dict[str, int | float]


def judge(evidence: Evidence, *, policy: Policy | PolicyOf = POLICY) -> Judgement:
    """Everything that the promises of delivery say, checked."""
    by_topic = evidence.by_topic
    lost = lost_events(evidence.acknowledged, by_topic[DEVICE_EVENTS])
    found = differences(
        by_topic[DEVICE_EVENTS],
        verdicts=by_topic[VERDICTS],
        decisions=by_topic[DECISIONS],
        dead_letters=by_topic[DEAD_LETTERS],
        device_states=by_topic[DEVICE_STATE],
        policy=policy,
        delivery=evidence.delivery,
    )
    found += repeat_differences(by_topic[VERDICTS], evidence.uncommitted)
    answered = len(by_topic[VERDICTS]) + len(by_topic[DEAD_LETTERS])
    return Judgement(
        differences=[*lost, *found],
        counts={
            "events": len(by_topic[DEVICE_EVENTS]),
            "verdicts": len(by_topic[VERDICTS]),
            "decisions": len(by_topic[DECISIONS]),
            "dead_letters": len(by_topic[DEAD_LETTERS]),
            "losses": len(lost) + max(0, len(by_topic[DEVICE_EVENTS]) - answered),
            "aborted_repeats": len(evidence.uncommitted) - len(by_topic[VERDICTS]),
            "longest_wait_s": round(longest_wait_ms(evidence) / 1000, 1),
        },
    )


def lost_events(acknowledged: Sequence[Acknowledged], inputs: Sequence[RawRecord]) -> list[str]:
    """Events that the broker confirmed and has no more."""
    at = {(record.partition, record.offset): record for record in inputs}
    lost: list[str] = []
    for each in acknowledged:
        found = at.get((each.partition, each.offset))
        if found is None or (found.key, found.value) != (each.record.key, each.record.value):
            lost.append(f"lost: {each}")
    places = Counter((each.partition, each.offset) for each in acknowledged)
    lost.extend(f"confirmed twice: {place}" for place, times in places.items() if times > 1)
    return lost


def longest_wait_ms(evidence: Evidence) -> int:
    """From an event's confirmation to its verdict in the log, at most."""
    decided: dict[tuple[int, int], int] = {}
    for record in evidence.by_topic[VERDICTS]:
        name = next((value or b"").decode() for key, value in record.headers if key == "ce_id")
        _topic, partition, offset, _index = name.split("/")
        decided[int(partition), int(offset)] = record.timestamp_ms
    return max(
        (
            decided[each.partition, each.offset] - each.at_ms
            for each in evidence.acknowledged
            if (each.partition, each.offset) in decided
        ),
        default=0,
    )
