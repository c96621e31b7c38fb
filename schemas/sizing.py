"""How large topics are made on a cluster that has none yet."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """How large topics are made on a cluster; later only the operator changes it."""

    partitions: int
    replication: int


LOCAL: Final = Sizing(partitions=4, replication=1)
"""For one broker: two partitions for each of two workers, so that a laptop shows a rebalance."""

PRODUCTION: Final = Sizing(partitions=12, replication=3)
"""For three brokers or more: twelve partitions divide evenly among 1, 2, 3, 4, 6 or 12 workers."""


def sizing_for(brokers: int) -> Sizing:
    """The default size on a cluster of that many brokers."""
    return PRODUCTION if brokers >= PRODUCTION.replication else LOCAL
