"""The metrics of the monitor, under the names of kafka-lag-exporter where it has one."""

from typing import Final

from agents.metrics.catalogue import Kind, Measure

_MEMBER: Final = (
    "cluster_name", "group", "topic", "partition", "member_host", "consumer_id", "client_id",
)  # fmt: skip
_GROUP: Final = ("cluster_name", "group")
_PARTITION: Final = ("cluster_name", "topic", "partition")

GROUP_LAG: Final = Measure(
    "kafka_consumergroup_group_lag",
    Kind.GAUGE,
    "Records of a partition that a group has not committed, up to the last stable offset; markers "
    "among them count, markers alone do not.",
    _MEMBER,
)
GROUP_LAG_SECONDS: Final = Measure(
    "kafka_consumergroup_group_lag_seconds",
    Kind.GAUGE,
    "Age of the oldest record of a partition that a group has not committed; 0 where none waits.",
    _MEMBER,
)
GROUP_OFFSET: Final = Measure(
    "kafka_consumergroup_group_offset",
    Kind.GAUGE,
    "The offset that a group has committed; absent where it has none.",
    _MEMBER,
)
GROUP_MAX_LAG: Final = Measure(
    "kafka_consumergroup_group_max_lag",
    Kind.GAUGE,
    "Records behind, of the partition that is furthest behind.",
    _GROUP,
)
GROUP_MAX_LAG_SECONDS: Final = Measure(
    "kafka_consumergroup_group_max_lag_seconds",
    Kind.GAUGE,
    "Seconds behind, of the partition that is furthest behind.",
    _GROUP,
)
GROUP_SUM_LAG: Final = Measure(
    "kafka_consumergroup_group_sum_lag",
    Kind.GAUGE,
    "Records behind, of all partitions together.",
    _GROUP,
)
GROUP_TOPIC_SUM_LAG: Final = Measure(
    "kafka_consumergroup_group_topic_sum_lag",
    Kind.GAUGE,
    "Records behind, of all partitions of a topic together.",
    ("cluster_name", "group", "topic"),
)
EARLIEST: Final = Measure(
    "kafka_partition_earliest_offset", Kind.GAUGE, "The first offset of a partition.", _PARTITION
)
LATEST: Final = Measure(
    "kafka_partition_latest_offset",
    Kind.GAUGE,
    "The offset that the next record of a partition gets.",
    _PARTITION,
)
STABLE: Final = Measure(
    "biolatch_partition_last_stable_offset",
    Kind.GAUGE,
    "What readers of committed data see of a partition ends here.",
    _PARTITION,
)
STABLE_AGE: Final = Measure(
    "biolatch_partition_last_stable_offset_age_seconds",
    Kind.GAUGE,
    "How long the oldest open transaction of a partition has been open, which holds up its "
    "readers; 0 where none is, absent where this user may not read.",
    _PARTITION,
)
HANGING: Final = Measure(
    "biolatch_hanging_transaction",
    Kind.GAUGE,
    "How many transactions are open for longer than any of ours may be: the broker does not end "
    "them. 0 where none is, absent where this user may not read.",
    _PARTITION,
)
UP: Final = Measure(
    "biolatch_monitor_up", Kind.GAUGE, "1 when the last look at the cluster succeeded, lately."
)
LOOKS: Final = Measure(
    "biolatch_monitor_looks_total", Kind.COUNTER, "Looks at the cluster that succeeded."
)
FAILURES: Final = Measure(
    "biolatch_monitor_failures_total", Kind.COUNTER, "Looks at the cluster that failed."
)
LAST_LOOK: Final = Measure(
    "biolatch_monitor_last_look_timestamp_seconds",
    Kind.GAUGE,
    "When the last look at the cluster succeeded; absent before the first one.",
)

MONITOR_MEASURES: Final = (
    GROUP_LAG_SECONDS, GROUP_LAG, GROUP_OFFSET, GROUP_MAX_LAG_SECONDS, GROUP_MAX_LAG,
    GROUP_SUM_LAG, GROUP_TOPIC_SUM_LAG, EARLIEST, LATEST, STABLE, STABLE_AGE, HANGING,
    UP, LOOKS, FAILURES, LAST_LOOK,
)  # fmt: skip
