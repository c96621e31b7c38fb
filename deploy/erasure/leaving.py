"""When a record has left the brokers' disks, by the settings that the topic has.

Pure. Owns the bounds of docs/erasure.md: a segment goes as a whole, a compacted topic is cleaned
only when more comes, and a tombstone needs two cleanings.
"""

from collections.abc import Mapping
from typing import NamedTuple

from deploy.inspection.instants import span_of_time
from schemas.topics import BROKER_SLACK_MS, Cleanup

_FOR_EVER = -1


class Terms(NamedTuple):
    """What of a topic's settings decides.

    Attributes:
        cleanup: by age, or all but the last of a key.
        retention_ms: age at which a record goes; -1 for never.
        segment_ms: the span of a segment.
        compaction_lag_ms: by when the cleaner has to come.
        tombstone_ms: how long a tombstone stays once the cleaner was there.
    """

    cleanup: Cleanup
    retention_ms: int
    segment_ms: int
    compaction_lag_ms: int
    tombstone_ms: int

    @property
    def words(self) -> str:
        """The settings as Kafka spells them, with what they are."""
        if self.cleanup is Cleanup.DELETE:
            if self.retention_ms == _FOR_EVER:
                return "retention.ms for ever"
            return (
                f"retention.ms {span_of_time(self.retention_ms)}, "
                f"segment.ms {span_of_time(self.segment_ms)}"
            )
        return (
            f"max.compaction.lag.ms {span_of_time(self.compaction_lag_ms)}, "
            f"delete.retention.ms {span_of_time(self.tombstone_ms)}"
        )


def terms_of(settings: Mapping[str, str]) -> Terms:
    """The terms of a topic with these settings."""
    return Terms(
        cleanup=Cleanup.COMPACT if "compact" in settings["cleanup.policy"] else Cleanup.DELETE,
        retention_ms=int(settings["retention.ms"]),
        segment_ms=int(settings["segment.ms"]),
        compaction_lag_ms=int(settings["max.compaction.lag.ms"]),
        tombstone_ms=int(settings["delete.retention.ms"]),
    )


def aged_out_ms(terms: Terms, written_ms: int) -> int | None:
    """When a record of a topic with `delete` is gone at the latest; None for never."""
    if terms.retention_ms == _FOR_EVER:
        return None
    return written_ms + terms.segment_ms + terms.retention_ms + BROKER_SLACK_MS


def cleaned_ms(terms: Terms, replaced_ms: int) -> int:
    """When a record that was replaced or deleted is gone, if the partition gets more by then."""
    return replaced_ms + terms.compaction_lag_ms + BROKER_SLACK_MS


def tombstone_gone_ms(terms: Terms, written_ms: int) -> int:
    """When a tombstone, and the key in it, is gone, if the partition gets more by then."""
    return written_ms + 2 * terms.compaction_lag_ms + terms.tombstone_ms + BROKER_SLACK_MS
