"""What is shown of lanes by topic and partition, alike for every agent that has lanes.

Owns which number of a lane is which of these metrics. Runs in the endpoint's thread, as the
collectors do that use it.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from prometheus_client.metrics_core import Metric

from agents.lane.port import Partition
from agents.lane.status import LaneState, LaneStatus
from agents.metrics import of_workers
from agents.metrics.catalogue import Measure

Lane: TypeAlias = tuple[Partition, LaneStatus]


def open_ones(lanes: Sequence[Lane]) -> list[Lane]:
    """The lanes that are here now: of the others only what they have counted is shown."""
    return [each for each in lanes if each[1].state is not LaneState.CLOSED]


def counted(lanes: Sequence[Lane], *, events: Measure) -> Iterator[Metric]:
    """What goes on counting when a partition leaves and comes back.

    Args:
        lanes: all that there have been.
        events: the metric of records that are done; what done means is the agent's.
    """
    of = partial(by_partition, lanes)
    yield of(events, lambda lane: lane.events)
    yield of(of_workers.OPENINGS, lambda lane: lane.openings)
    yield of(of_workers.FAILURES, lambda lane: lane.failures)
    yield of(of_workers.PARKINGS, lambda lane: lane.parkings)
    yield of(of_workers.BATCHES_DROPPED, lambda lane: lane.batches_dropped)


def standing(lanes: Sequence[Lane]) -> Iterator[Metric]:
    """Where the lanes that are here stand."""
    yield by_partition(lanes, of_workers.POSITION, lambda lane: lane.position)
    yield of_workers.LANE_STATE.of(
        ((*_labels(partition), state), lane.state is state)
        for partition, lane in lanes
        for state in LaneState
        if state is not LaneState.CLOSED
    )


def by_partition(
    lanes: Sequence[Lane], measure: Measure, value: Callable[[LaneStatus], float | None]
) -> Metric:
    """The metric with one value for each lane; none where the value is not known."""
    values = ((partition, value(lane)) for partition, lane in lanes)
    return measure.of(
        (_labels(partition), number) for partition, number in values if number is not None
    )


def _labels(partition: Partition) -> tuple[str, str]:
    return partition.topic, str(partition.number)
