"""The bounds of a delivery: how long anything may take and how much may wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLimits:
    """Every wait and every queue of a delivery is bounded by one of these.

    Attributes:
        waiting_records_max: records of one partition that are read and not behind its position:
            with so many, no more are fetched; the fetch that passes the bound is the last. A key
            that is stuck holds the others up only when so many records have come behind it.
        at_once_max: tries at once to one destination, over all partitions of the worker.
        attempt_s_max: one try; then it is cancelled and counts as one that raised.
        rest_s_max: what tries in flight get to finish when partitions are dealt out anew, or the
            worker stops; then they are cancelled, and repeated by whoever serves next.
        commit_interval_s: between commits of the positions that have moved.
        commit_s_max: one commit; one that fails is tried again at the next interval.
        open_s_max: reading a partition's position; then again after a pause.
        backoff_s_min: the first pause after the log failed or a try raised; doubles.
        backoff_s_max: the longest such pause.
        parked_check_s: how often a parked partition is tried again.
    """

    waiting_records_max: int = 1000
    at_once_max: int = 16
    attempt_s_max: float = 60.0
    rest_s_max: float = 2.0
    commit_interval_s: float = 1.0
    commit_s_max: float = 5.0
    open_s_max: float = 30.0
    backoff_s_min: float = 0.1
    backoff_s_max: float = 10.0
    parked_check_s: float = 30.0
