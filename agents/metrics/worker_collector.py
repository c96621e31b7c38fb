"""A worker's numbers as metrics, made when somebody asks: the lanes only count.

Owns which number is which metric. Runs in the endpoint's thread, beside the lanes; so it looks at
each number once and copies what may grow meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import partial
from typing import Final, cast

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from agents import tally
from agents.lane.port import Count
from agents.lane.status import LaneStatus, Step, WorkerStatus
from agents.metrics import of_workers
from agents.metrics.lane_metrics import Lane, by_partition, counted, open_ones, standing
from agents.metrics.process_registry import process_registry
from events.decisions import DECISION_TYPES, Decision
from events.verdicts import VERDICT_TYPES
from events.vocabulary import RefusedReason
from schemas.malformed import MalformedCode

_SIGNATURE_CODES: Final = "signature."


def _reasons(decision: type[Decision]) -> tuple[str, ...]:
    """Every reason that a kind of decision may have; an empty one where it has none."""
    for field in msgspec.structs.fields(decision):
        if field.name == "reason":
            return tuple(reason.value for reason in cast("type[StrEnum]", field.type))
    return ("",)


_FROM_THE_START: Final[tuple[Count, ...]] = (
    *((tally.VERDICT, tally.kind_of(each)) for each in VERDICT_TYPES),
    *((tally.REFUSAL, reason.value) for reason in RefusedReason),
    *(
        (tally.DECISION, tally.kind_of(each), reason)
        for each in DECISION_TYPES
        for reason in _reasons(each)
    ),
    *((tally.DEAD_LETTER, code.value) for code in MalformedCode),
)
"""Shown as 0 before the first one: what appears out of nothing is no increase to Prometheus."""


class WorkerCollector(Collector):
    """The metrics of one worker."""

    def __init__(self, status: WorkerStatus, build: dict[str, str]) -> None:
        """Show a worker's status, and what runs (the labels of `biolatch_build_info`)."""
        self._status = status
        self._build = build

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now."""
        status = self._status
        lanes: list[Lane] = sorted(status.lanes.copy().items())
        open_lanes = open_ones(lanes)
        # One without numbers stands for all that are to come.
        every = [LaneStatus(), *(lane for _, lane in lanes)]
        yield of_workers.LATENCY.spread([lane.latency_s for lane in every])
        yield of_workers.TRANSACTION_DURATION.spread([lane.transaction_s for lane in every])
        yield of_workers.BATCH_EVENTS.spread([lane.batch_events for lane in every])
        yield from _counts(every)
        yield from counted(lanes, events=of_workers.EVENTS)
        yield by_partition(lanes, of_workers.TRANSACTIONS, lambda lane: lane.transactions)
        yield from standing(open_lanes)
        yield from _of_open(open_lanes)
        yield of_workers.READY.is_now(status.ready)
        yield of_workers.ASSIGNED.is_now(len(status.assigned))
        yield of_workers.REBALANCES.is_now(status.rebalances)
        yield of_workers.CLOCK_BEHIND.is_now(
            max((lane.clock_behind_ms for _, lane in open_lanes), default=0) / 1000
        )
        labels = [self._build[label] for label in of_workers.BUILD_INFO.labels]
        yield of_workers.BUILD_INFO.of([(labels, 1)])


def _counts(lanes: Iterable[LaneStatus]) -> Iterator[Metric]:
    """What the handler has counted, of all lanes together."""
    counts: Counter[Count] = Counter(dict.fromkeys(_FROM_THE_START, 0))
    steps = dict.fromkeys(Step, 0.0)
    for lane in lanes:
        counts.update(lane.counts.copy())
        for step, seconds in lane.step_s.copy().items():
            steps[step] += seconds
    of = partial(_named, counts)
    yield of_workers.VERDICTS.of(of(tally.VERDICT))
    yield of_workers.REFUSALS.of(of(tally.REFUSAL))
    yield of_workers.DECISIONS.of(of(tally.DECISION))
    yield of_workers.DEAD_LETTERS.of(of(tally.DEAD_LETTER))
    yield of_workers.SKIPPED.is_now(counts[tally.SKIPPED,])
    by_publisher = sum(
        number for (code,), number in of(tally.DEAD_LETTER) if code.startswith(_SIGNATURE_CODES)
    )
    by_device = counts[tally.REFUSAL, RefusedReason.SIGNATURE_INVALID.value]
    yield of_workers.SIGNATURE_REJECTS.of([(["publisher"], by_publisher), (["device"], by_device)])
    yield of_workers.STEP_SECONDS.of([([step], seconds) for step, seconds in steps.items()])


def _named(counts: Counter[Count], name: str) -> list[tuple[list[str], int]]:
    return sorted(([*labels], number) for (of, *labels), number in counts.items() if of == name)


def _of_open(lanes: list[Lane]) -> Iterator[Metric]:
    """What is true only while a partition is here: another worker shows it afterwards."""
    of = partial(by_partition, lanes)
    yield of(
        of_workers.LAST_COMMIT,
        lambda lane: None if lane.committed_ms is None else lane.committed_ms / 1000,
    )
    yield of(of_workers.ROWS, lambda lane: lane.rows)
    yield of(of_workers.RECOVERY_REMAINING, lambda lane: lane.recovery_left)
    yield of(of_workers.RECOVERY_DURATION, lambda lane: lane.restore_s)


def worker_registry(status: WorkerStatus, build: dict[str, str]) -> CollectorRegistry:
    """All metrics of a worker's process, those of Python and of the operating system included."""
    return process_registry(WorkerCollector(status, build))
