"""Records of which only the last one for a key counts, brought together over a transaction."""

from collections.abc import Mapping

from agents.lane.port import LatestRecord, OutgoingRecord

LatestByTopic = dict[str, dict[bytes, LatestRecord]]


def merge_latest(merged: LatestByTopic, more: Mapping[str, Mapping[bytes, LatestRecord]]) -> None:
    """Add later records to earlier ones: the last one stands, for what the first one replaced."""
    for topic, by_key in more.items():
        of_topic = merged.setdefault(topic, {})
        for key, later in by_key.items():
            earlier = of_topic.get(key)
            of_topic[key] = (
                later if earlier is None else LatestRecord(later.record, earlier.replaced)
            )


def to_write(by_key: Mapping[bytes, LatestRecord]) -> list[OutgoingRecord]:
    """The records to write: not those that say what was there before the transaction."""
    return [latest.record for latest in by_key.values() if latest.record[1] != latest.replaced]
