"""The last look at the cluster as metrics; a look that failed, or has grown old, says nothing.

Owns which number is which metric. Read by the endpoint's thread, written by the monitor's loop.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from agents.lane.port import Partition
from agents.lane.status import Clocks
from agents.metrics.catalogue import Measure
from agents.metrics.process_registry import process_registry
from deploy.inspection.lag import PartitionLag
from deploy.monitor import measures
from deploy.monitor.groups import GroupView
from deploy.monitor.look import Look, PartitionEnds
from deploy.records.consumer_groups import Member

_NOBODY: Final = Member("", "", "")

_Samples: TypeAlias = Iterator[tuple[tuple[str, ...], float]]


class _Seen(NamedTuple):
    at_s: float
    at_ms: int
    look: Look


class MonitorCollector(Collector):
    """The metrics of the monitor, from what it is told."""

    def __init__(self, clocks: Clocks, *, cluster_name: str | None, old_after_s: float) -> None:
        """Begin with nothing seen.

        Args:
            clocks: what ages are measured by.
            cluster_name: the label; None: the cluster's own id.
            old_after_s: a look of that age is not shown any more.
        """
        self._clocks = clocks
        self._cluster_name = cluster_name
        self._old_after_s = old_after_s
        self._looks = 0
        self._failures = 0
        self._last: _Seen | None = None
        self._last_ms: int | None = None

    def saw(self, look: Look) -> None:
        """Show this look from now on."""
        self._looks += 1
        self._last_ms = self._clocks.wall_ms()
        self._last = _Seen(self._clocks.steady_s(), self._last_ms, look)

    def failed(self) -> None:
        """Show nothing until the next look succeeds."""
        self._failures += 1
        self._last = None

    @property
    def current(self) -> Look | None:
        """The last look, unless it failed or is old."""
        last = self._last
        if last is None or self._clocks.steady_s() - last.at_s > self._old_after_s:
            return None
        return last.look

    def collect(self) -> Iterator[Metric]:
        """Every metric, as it is now; without a current look only those of the monitor itself."""
        look, last_ms = self.current, self._last_ms
        yield measures.UP.is_now(look is not None)
        yield measures.LOOKS.is_now(self._looks)
        yield measures.FAILURES.is_now(self._failures)
        if last_ms is not None:
            yield measures.LAST_LOOK.is_now(last_ms / 1000)
        if look is not None:
            cluster = self._cluster_name or look.cluster
            yield from _of_groups(cluster, look.groups)
            yield from _of_partitions(cluster, look.partitions)


def _of_partitions(cluster: str, partitions: Mapping[Partition, PartitionEnds]) -> Iterator[Metric]:
    def of(measure: Measure, value: Callable[[PartitionEnds], float | None]) -> Metric:
        return measure.of(
            ((cluster, each.topic, str(each.number)), number)
            for each, ends in partitions.items()
            if (number := value(ends)) is not None
        )

    yield of(measures.EARLIEST, lambda ends: ends.start)
    yield of(measures.LATEST, lambda ends: ends.latest)
    yield of(measures.STABLE, lambda ends: ends.stable)
    yield of(measures.STABLE_AGE, lambda ends: _seconds(ends.stable_age_ms))
    yield of(measures.HANGING, lambda ends: ends.hanging)


def _of_groups(cluster: str, groups: Mapping[str, GroupView]) -> Iterator[Metric]:
    def each(value: Callable[[PartitionLag], float | None]) -> _Samples:
        for group, view in groups.items():
            for partition, lag in view.lags.items():
                if (number := value(lag)) is not None:
                    member = view.members.get(partition, _NOBODY)
                    where = (partition.topic, str(partition.number))
                    yield (cluster, group, *where, *member), number

    yield measures.GROUP_LAG.of(each(lambda lag: lag.records_behind))
    yield measures.GROUP_LAG_SECONDS.of(each(lambda lag: _seconds(lag.behind_ms)))
    yield measures.GROUP_OFFSET.of(each(lambda lag: lag.committed))
    records = partial(_all_known, cluster, groups, lambda lag: lag.records_behind)
    seconds = partial(_all_known, cluster, groups, lambda lag: _seconds(lag.behind_ms))
    yield measures.GROUP_MAX_LAG.of(records(max))
    yield measures.GROUP_MAX_LAG_SECONDS.of(seconds(max))
    yield measures.GROUP_SUM_LAG.of(records(sum))
    yield measures.GROUP_TOPIC_SUM_LAG.of(_by_topic(cluster, groups))


def _all_known(
    cluster: str,
    groups: Mapping[str, GroupView],
    value: Callable[[PartitionLag], float | None],
    together: Callable[[list[float]], float],
) -> _Samples:
    """One number for each group, unless that of a partition is unknown: then nobody knows it."""
    for group, view in groups.items():
        numbers = [value(lag) for lag in view.lags.values()]
        known = [number for number in numbers if number is not None]
        if known and len(known) == len(numbers):
            yield (cluster, group), together(known)


def _by_topic(cluster: str, groups: Mapping[str, GroupView]) -> _Samples:
    for group, view in groups.items():
        for topic, partitions in groupby(sorted(view.lags), key=lambda each: each.topic):
            numbers = [view.lags[each].records_behind for each in partitions]
            known = [number for number in numbers if number is not None]
            if len(known) == len(numbers):
                yield (cluster, group, topic), sum(known)


def _seconds(duration_ms: int | None) -> float | None:
    return None if duration_ms is None else duration_ms / 1000


def monitor_registry(collector: MonitorCollector) -> CollectorRegistry:
    """All metrics of the monitor's process, those of Python and of the system included."""
    return process_registry(collector)
