"""How much Kafka has written, by topic: what lies in the log segments of an embedded broker.

Without indexes and without what replicas would write again. A folder `NAME-NUMBER` is a partition.
"""

from collections import Counter
from pathlib import Path


def logged_bytes(records: Path) -> Counter[str]:
    """By topic, the size of all its log segments; compaction may have made some smaller."""
    sizes: Counter[str] = Counter()
    for segment in records.glob("*/*.log"):
        topic, _, number = segment.parent.name.rpartition("-")
        if number.isdecimal():
            sizes[topic] += segment.stat().st_size
    return sizes
