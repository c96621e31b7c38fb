"""The metrics of every worker, in the order of the reference page."""

from typing import Final

from agents.metrics.catalogue import Kind, Measure

_LANE: Final = ("topic", "partition")

EVENTS: Final = Measure(
    "biolatch_events_total",
    Kind.COUNTER,
    "Input records whose answers are committed.",
    _LANE,
)
VERDICTS: Final = Measure(
    "biolatch_verdicts_total", Kind.COUNTER, "Verdicts committed, by kind.", ("type",)
)
REFUSALS: Final = Measure(
    "biolatch_refusals_total", Kind.COUNTER, "Refused verdicts committed, by reason.", ("reason",)
)
DECISIONS: Final = Measure(
    "biolatch_decisions_total",
    Kind.COUNTER,
    "Decisions committed, by kind and reason; the reason is empty where the kind has none.",
    ("type", "reason"),
)
DEAD_LETTERS: Final = Measure(
    "biolatch_dead_letters_total", Kind.COUNTER, "Dead letters committed, by code.", ("code",)
)
SIGNATURE_REJECTS: Final = Measure(
    "biolatch_signature_rejects_total",
    Kind.COUNTER,
    "Events turned away for their signature: a publisher's (dead letters of a signature code) or a "
    "device's (refusals signature_invalid).",
    ("signer",),
)
SKIPPED: Final = Measure(
    "biolatch_events_skipped_total",
    Kind.COUNTER,
    "Records that their row had already: the second defence against doing an event twice. 0 unless "
    "the first one failed.",
)
LATENCY: Final = Measure(
    "biolatch_decision_latency_seconds",
    Kind.HISTOGRAM,
    "From a record's timestamp, set by the broker, to its answers being committed.",
)
TRANSACTION_DURATION: Final = Measure(
    "biolatch_transaction_duration_seconds",
    Kind.HISTOGRAM,
    "From the begin of a transaction to its commit.",
)
BATCH_EVENTS: Final = Measure(
    "biolatch_batch_events", Kind.HISTOGRAM, "Records that were committed together."
)
STEP_SECONDS: Final = Measure(
    "biolatch_step_seconds_total",
    Kind.COUNTER,
    "Seconds spent in each step before a transaction: parse, prepare (waiting for signatures to be "
    "verified), decide, encode.",
    ("step",),
)
TRANSACTIONS: Final = Measure(
    "biolatch_transactions_total", Kind.COUNTER, "Transactions committed.", _LANE
)
POSITION: Final = Measure(
    "biolatch_lane_position_offset",
    Kind.GAUGE,
    "The next input offset of a partition that this worker serves.",
    _LANE,
)
LAST_COMMIT: Final = Measure(
    "biolatch_last_commit_timestamp_seconds",
    Kind.GAUGE,
    "When the last transaction of a partition was committed here; absent before the first one.",
    _LANE,
)
ROWS: Final = Measure(
    "biolatch_rows", Kind.GAUGE, "Rows of a partition that this worker serves.", _LANE
)
READY: Final = Measure(
    "biolatch_ready", Kind.GAUGE, "1 when every assigned partition is served, as /readyz says."
)
ASSIGNED: Final = Measure(
    "biolatch_assigned_partitions", Kind.GAUGE, "Partitions that are this worker's now."
)
LANE_STATE: Final = Measure(
    "biolatch_lane_state",
    Kind.GAUGE,
    "1 for the state that a partition's lane is in, 0 for the others; absent where it is closed.",
    (*_LANE, "state"),
)
REBALANCES: Final = Measure(
    "biolatch_rebalances_total", Kind.COUNTER, "Assignments received from the group."
)
OPENINGS: Final = Measure(
    "biolatch_lane_openings_total",
    Kind.COUNTER,
    "How often rows and position of a partition have been read.",
    _LANE,
)
FAILURES: Final = Measure(
    "biolatch_lane_failures_total",
    Kind.COUNTER,
    "How often Kafka failed a partition's lane, which then opens again.",
    _LANE,
)
PARKINGS: Final = Measure(
    "biolatch_lane_parkings_total", Kind.COUNTER, "How often a partition was parked.", _LANE
)
BATCHES_DROPPED: Final = Measure(
    "biolatch_batches_dropped_total",
    Kind.COUNTER,
    "Fetched batches that did not start where the lane stood; they are fetched again.",
    _LANE,
)
RECOVERY_REMAINING: Final = Measure(
    "biolatch_recovery_remaining_records",
    Kind.GAUGE,
    "Changelog offsets that an opening has still to read; 0 when it is done.",
    _LANE,
)
RECOVERY_DURATION: Final = Measure(
    "biolatch_recovery_duration_seconds",
    Kind.GAUGE,
    "How long the last opening took, from the fence to the first fetch.",
    _LANE,
)
CLOCK_BEHIND: Final = Measure(
    "biolatch_clock_behind_seconds",
    Kind.GAUGE,
    "By how much at least this machine's clock is behind the brokers': a committed record came "
    "from its future. 0 when none did.",
)
BUILD_INFO: Final = Measure(
    "biolatch_build_info",
    Kind.GAUGE,
    "Always 1; the labels say what runs.",
    ("version", "policy_version", "row_format", "compiled"),
)

WORKER_MEASURES: Final = (
    LATENCY, EVENTS, VERDICTS, REFUSALS, DECISIONS, DEAD_LETTERS, SIGNATURE_REJECTS, SKIPPED,
    BATCH_EVENTS, STEP_SECONDS, TRANSACTION_DURATION, TRANSACTIONS, POSITION, LAST_COMMIT, ROWS,
    READY, ASSIGNED, LANE_STATE, REBALANCES, OPENINGS, FAILURES, PARKINGS, BATCHES_DROPPED,
    RECOVERY_REMAINING, RECOVERY_DURATION, CLOCK_BEHIND, BUILD_INFO,
)  # fmt: skip
