"""The public state of one device, wherever it lies.

Looks in every partition (design section 6.6): a publisher with another partitioner may have put the
device elsewhere, and then there are several states, of which none is the whole truth.
"""

from typing import NamedTuple

from deploy.records.partitioner import partition_of
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, by_time, merged
from deploy.records.topic_record import TopicRecord
from schemas.topics import DEVICE_STATE


class FoundState(NamedTuple):
    """What the compacted topic says of a device.

    Attributes:
        newest: the last record of the device; None where there is none at all.
        partitions: every partition that has a state of the device; where none has, every one that
            has a record.
        home: the partition that the device belongs to.
    """

    newest: TopicRecord | None
    partitions: tuple[int, ...]
    home: int

    @property
    def is_astray(self) -> bool:
        """Whether a record lies in another partition than the device's own."""
        return any(partition != self.home for partition in self.partitions)


async def find_state(reader: TopicReader, device: str, *, on_progress: ScanProgress) -> FoundState:
    """Read the whole topic for the device's records.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    key = device.encode()
    partitions = await reader.partitions(DEVICE_STATE)
    spans = await reader.spans(partitions)
    last: dict[int, TopicRecord] = {}
    async for record in merged(reader, spans, key=key, on_progress=on_progress):
        last[record.partition.number] = record
    # A tombstone speaks for its partition only: a device that has moved leaves one behind.
    standing = {number: each for number, each in last.items() if each.value is not None} or last
    newest = max(standing.values(), key=by_time, default=None)
    return FoundState(newest, tuple(sorted(standing)), partition_of(key, len(partitions)))
