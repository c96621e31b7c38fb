"""Metrics as data: what each is called, counts in, and means. Names are forever, as on the wire.

Owns the form of a metric. The reference page is drawn from these entries, and what a process
exports is made with them, so neither can name a metric that the other does not have.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from agents.lane.distribution import Distribution


class Kind(StrEnum):
    """How the value of a metric behaves."""

    COUNTER = "counter"
    """Rises, and starts from 0 with its process."""
    GAUGE = "gauge"
    """Is what it is now; absent where it is not known."""
    HISTOGRAM = "histogram"
    """Values in buckets that can be added up."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric.

    Attributes:
        name: as Prometheus shows it; of a histogram what its three series begin with.
        kind: how it behaves.
        help: what it is, in a line.
        labels: what its series are told apart by.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()

    def of(self, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
        """The metric with these values, each behind those of its labels; not for a histogram."""
        family = CounterMetricFamily if self.kind is Kind.COUNTER else GaugeMetricFamily
        metric = family(self.name, self.help, labels=self.labels)
        for labels, value in samples:
            metric.add_metric(labels, value)
        return metric

    def is_now(self, value: float) -> Metric:
        """The metric, which has no labels, with this value."""
        return self.of([((), value)])

    def spread(self, distributions: Sequence[Distribution]) -> Metric:
        """The histogram of all values of these distributions, which have the same bounds."""
        bounds = [*(str(float(bound)) for bound in distributions[0].bounds), "+Inf"]
        columns = zip(*(each.counts for each in distributions), strict=True)
        metric = HistogramMetricFamily(self.name, self.help)
        metric.add_metric(
            (),
            list(zip(bounds, accumulate(map(sum, columns)), strict=True)),
            sum(each.total for each in distributions),
        )
        return metric
