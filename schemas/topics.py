"""The topics of biolatch as data: what exists, what it keeps, and why.

Owns every topic name (no other file spells one), and the settings a topic is created with and
checked against. Must never talk to a broker: `deploy.topic_setup` compares this with what a
cluster has. The invariant behind it: a device's input, row, verdicts,
decisions, public state and dead letters all live under one partition number.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType, assert_never

TopicName = NewType("TopicName", str)

DEVICE_EVENTS: Final = TopicName("biolatch.device-events")
VERDICTS: Final = TopicName("biolatch.verdicts")
DECISIONS: Final = TopicName("biolatch.decisions")
DEVICE_STATE: Final = TopicName("biolatch.device-state")
DEAD_LETTERS: Final = TopicName("biolatch.dead-letters")
NOTIFICATION_DEAD_LETTERS: Final = TopicName("biolatch.notification-dead-letters")
SECURITY_EVENTS: Final = TopicName("biolatch.security-events")

APPLICATION_DEFAULT: Final = "biolatch"

INPUT_VALUE_BYTES_MAX: Final = 16 * 1024
"""Largest value of an input record; a longer one is a dead letter."""

DEAD_LETTER_VALUE_BYTES_MAX: Final = INPUT_VALUE_BYTES_MAX + 64 * 1024
"""Longest value that a dead letter keeps whole; beyond it the value is cut and marked."""

BATCH_BYTES_MAX: Final = 1024 * 1024 + 12
"""Largest record batch that a topic takes, in bytes after compression (Kafka's default, stated).

Kafka's `max.message.bytes` bounds a producer's whole batch, not one record, so a tighter number
would punish publishers that batch well. The largest record of all, a dead letter with a long key
and long headers, is a fifth of it.
"""

_MIB: Final = 1024 * 1024
_HOUR_MS: Final = 60 * 60 * 1000
_DAY_MS: Final = 24 * _HOUR_MS

_COMPACTION_LAG_MS: Final = 6 * _HOUR_MS
"""By when the cleaner has been over a record that was written; a tombstone needs a second time."""

BROKER_SLACK_MS: Final = 10 * 60 * 1000
"""What a broker takes over a bound, as it is configured by default: it looks for old segments every
5 minutes, for what to clean every 15 s, and removes a file a minute after it was given up."""


class Cleanup(StrEnum):
    """What a topic forgets: records by age, or all but the last record of a key."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: its name, what it is for and how long it remembers.

    Attributes:
        name: the name on the cluster.
        purpose: one line for people.
        cleanup: what is forgotten.
        retention_ms: with `delete` the age at which a record goes; with `compact` the time for
            which the tombstone of a deleted key can still be read.
        retention_reason: why exactly that long.
    """

    name: TopicName
    purpose: str
    cleanup: Cleanup
    retention_ms: int
    retention_reason: str

    def settings(self, *, replication: int) -> dict[str, str]:
        """Every setting that matters to correctness, as Kafka spells it.

        Settings are stated even where they equal Kafka's default, because a cluster may have other
        defaults. Append time rules on every topic: on the input so that no publisher chooses "now",
        on the others so that retention and compaction count from the write and a record with an old
        or a future time is neither dropped nor refused.
        """
        settings = {
            "cleanup.policy": self.cleanup.value,
            "max.message.bytes": str(BATCH_BYTES_MAX),
            "message.timestamp.type": "LogAppendTime",
            "min.insync.replicas": str(insync_replicas_min(replication)),
            "unclean.leader.election.enable": "false",
        }
        match self.cleanup:
            case Cleanup.DELETE:
                # By age alone: a limit by size would drop unread records under a burst.
                # A segment goes as a whole, so its span is how much longer a record may stay.
                settings |= {
                    "retention.ms": str(self.retention_ms),
                    "retention.bytes": "-1",
                    "segment.ms": str(_DAY_MS),
                }
            case Cleanup.COMPACT:
                # Small segments and an early cleaner keep a restore short; the lag bound makes what
                # was replaced leave the disk within hours (docs/erasure.md says how exactly).
                settings |= {
                    "delete.retention.ms": str(self.retention_ms),
                    "segment.bytes": str(64 * _MIB),
                    "segment.ms": str(_HOUR_MS),
                    "min.cleanable.dirty.ratio": "0.1",
                    "max.compaction.lag.ms": str(_COMPACTION_LAG_MS),
                }
            case _:
                assert_never(self.cleanup)
        return settings

    @property
    def gone_after_ms(self) -> int:
        """How long a record may stay on the disk: since it was written, or with `compact` replaced.

        With `compact` this holds for a partition that goes on getting records: Kafka cleans nothing
        before the next one comes. The tombstone, which has the key, stays longest.
        """
        match self.cleanup:
            case Cleanup.DELETE:
                return _DAY_MS + self.retention_ms + BROKER_SLACK_MS
            case Cleanup.COMPACT:
                return 2 * _COMPACTION_LAG_MS + self.retention_ms + BROKER_SLACK_MS
            case _:
                assert_never(self.cleanup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """All topics of one application; the input decides the partition count of the others."""

    device_events: Topic
    verdicts: Topic
    decisions: Topic
    device_state: Topic
    dead_letters: Topic
    devices_changelog: Topic
    notification_dead_letters: Topic
    signal_streams: Topic
    security_events: Topic
    analytics_verdicts_changelog: Topic
    analytics_decisions_changelog: Topic
    analytics_dead_letters_changelog: Topic

    @property
    def outputs(self) -> tuple[Topic, ...]:
        """Every topic that a devices worker writes, in the order in which people read of them."""
        return (
            self.verdicts,
            self.decisions,
            self.device_state,
            self.dead_letters,
            self.devices_changelog,
        )

    @property
    def analytics_changelogs(self) -> tuple[Topic, ...]:
        """The changelogs of the security feed's workers, one for each topic that they read."""
        return (
            self.analytics_verdicts_changelog,
            self.analytics_decisions_changelog,
            self.analytics_dead_letters_changelog,
        )

    @property
    def downstream(self) -> tuple[Topic, ...]:
        """Every topic that an agent behind the devices workers writes."""
        return (
            self.notification_dead_letters,
            self.security_events,
            *self.analytics_changelogs,
            self.signal_streams,
        )

    @property
    def with_ids(self) -> tuple[Topic, ...]:
        """Every topic that may hold the id of a device or a user, in the order of `topics`."""
        return (self.device_events, *self.outputs, self.notification_dead_letters)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every topic, the input first."""
        return (self.device_events, *self.outputs, *self.downstream)


def insync_replicas_min(replication: int) -> int:
    """Replicas that must hold a write before it counts: all but one, so one broker may be down."""
    return max(1, replication - 1)


def devices_changelog(application: str) -> TopicName:
    """Name of the topic that holds the rows and positions of one application's workers.

    It is Faust's own name for the changelog of a table called `devices`.
    """
    return TopicName(f"{application}-devices-changelog")


def signal_streams(application: str) -> TopicName:
    """Name of the topic of what receivers of shared signals have set up with one application."""
    return TopicName(f"{application}-signal-streams")


def _analytics_changelog(application: str, of: str) -> Topic:
    return Topic(
        name=TopicName(f"{application}-analytics-{of}-changelog"),
        purpose=f"how far the security feed is in {of}",
        cleanup=Cleanup.COMPACT,
        retention_ms=_DAY_MS,
        retention_reason="two rows a partition, none of them about a device",
    )


_NOTIFICATION_DEAD_LETTERS: Final = Topic(
    name=NOTIFICATION_DEAD_LETTERS,
    purpose="notifications that an endpoint did not take",
    cleanup=Cleanup.DELETE,
    retention_ms=7 * _DAY_MS,
    retention_reason=(
        "as the decisions: a weekend and time to mend the endpoint and replay; not longer, "
        "for it names people"
    ),
)
_SECURITY_EVENTS: Final = Topic(
    name=SECURITY_EVENTS,
    purpose="the masked feed for security tools, in OCSF",
    cleanup=Cleanup.DELETE,
    retention_ms=7 * _DAY_MS,
    retention_reason="as what it is made of: masked is not forgotten",
)


def topology(application: str = APPLICATION_DEFAULT) -> Topology:
    """The topics of one application."""
    return Topology(
        device_events=Topic(
            name=DEVICE_EVENTS,
            purpose="what phones report, ordered per device",
            cleanup=Cleanup.DELETE,
            retention_ms=7 * _DAY_MS,
            retention_reason=(
                "the longest halt after which a worker still finds its position, a weekend and an "
                "inquiry included; not longer, for it names people"
            ),
        ),
        verdicts=Topic(
            name=VERDICTS,
            purpose="one verdict for every input record",
            cleanup=Cleanup.DELETE,
            retention_ms=7 * _DAY_MS,
            retention_reason="as the input, so that an explanation finds both",
        ),
        decisions=Topic(
            name=DECISIONS,
            purpose="what changed for a device",
            cleanup=Cleanup.DELETE,
            retention_ms=7 * _DAY_MS,
            retention_reason="as the input, so that an explanation finds both",
        ),
        device_state=Topic(
            name=DEVICE_STATE,
            purpose="may this device use biometrics now",
            cleanup=Cleanup.COMPACT,
            retention_ms=7 * _DAY_MS,
            retention_reason="a reader that was away for a week still learns of a removal",
        ),
        dead_letters=Topic(
            name=DEAD_LETTERS,
            purpose="input that could not be decoded",
            cleanup=Cleanup.DELETE,
            retention_ms=7 * _DAY_MS,
            retention_reason=(
                "as the input: a weekend and time to mend the sender and replay; not longer, for a "
                "copy of what a person's phone sent must not outlive the original"
            ),
        ),
        devices_changelog=Topic(
            name=devices_changelog(application),
            purpose="the workers' own rows and positions",
            cleanup=Cleanup.COMPACT,
            retention_ms=_DAY_MS,
            retention_reason="a restore reads from start to end within minutes",
        ),
        notification_dead_letters=_NOTIFICATION_DEAD_LETTERS,
        signal_streams=Topic(
            name=signal_streams(application),
            purpose="what receivers of shared signals have set up",
            cleanup=Cleanup.COMPACT,
            retention_ms=_DAY_MS,
            retention_reason="a transmitter reads from start to end within seconds",
        ),
        security_events=_SECURITY_EVENTS,
        analytics_verdicts_changelog=_analytics_changelog(application, "verdicts"),
        analytics_decisions_changelog=_analytics_changelog(application, "decisions"),
        analytics_dead_letters_changelog=_analytics_changelog(application, "dead-letters"),
    )
