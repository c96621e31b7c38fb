"""The metrics of every agent but the devices agent, in the order of the reference page.

None of them is about deciding: the objective is computed from what the workers of the devices agent
show, so nobody else may show the same.
"""

from dataclasses import replace
from typing import Final

from agents.metrics import of_workers
from agents.metrics.catalogue import Kind, Measure

AGENT_INFO: Final = Measure(
    "biolatch_agent_info", Kind.GAUGE, "Always 1; the labels say what runs.", ("agent", "version")
)
READY: Final = replace(
    of_workers.READY, help="1 when the process does its work, as /readyz says; 0 when it does not."
)
EVENTS: Final = replace(
    of_workers.EVENTS,
    help="Input records that are done: in the feed and committed (analytics); delivered or put "
    "aside (notifier, where a repeat counts again).",
)
ASSIGNED: Final = replace(
    of_workers.ASSIGNED,
    help="Partitions of a topic that are this process's now.",
    labels=("topic",),
)
REBALANCES: Final = replace(
    of_workers.REBALANCES,
    help="Assignments received from the group that reads a topic.",
    labels=("topic",),
)

ANY_AGENT_MEASURES: Final = (AGENT_INFO, READY)
"""Of every one of them."""

LANE_AGENT_MEASURES: Final = (
    EVENTS, of_workers.POSITION, of_workers.LANE_STATE, ASSIGNED, REBALANCES, of_workers.OPENINGS,
    of_workers.FAILURES, of_workers.PARKINGS, of_workers.BATCHES_DROPPED,
)  # fmt: skip
"""Of those that read partitions as members of a group."""
