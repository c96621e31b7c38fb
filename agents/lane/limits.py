"""The bounds of a lane: how long anything may take and how much may wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """Every wait and every queue of a lane is bounded by one of these.

    Attributes:
        open_s_max: fence, rows and position; then the opening is given up and tried again.
        batch_s_max: begin to commit of one transaction; then the session is dropped.
        close_s_max: what a transaction in flight gets to finish when the partition leaves.
        backoff_s_min: the first pause after a failure; doubles up to the next one.
        backoff_s_max: the longest pause after failures in a row.
        parked_check_s: how often a parked lane looks whether an operator has written.
        waiting_records_max: records that wait while others are decided; the fetch that passes the
            bound is the last.
        transaction_interval_s_min: between the beginnings of two transactions, while fewer than
            these records wait: under load they travel together. A lone event does not wait.
    """

    open_s_max: float = 60.0
    batch_s_max: float = 30.0
    close_s_max: float = 2.0
    backoff_s_min: float = 0.1
    backoff_s_max: float = 10.0
    parked_check_s: float = 2.0
    waiting_records_max: int = 2000
    transaction_interval_s_min: float = 0.02
