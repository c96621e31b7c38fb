"""Topics read to their very end: what stands behind somebody's open transaction is waited for.

An inspection may stop at the last stable offset. Whoever decides by what a topic holds must not:
committed records may stand behind it.
"""

from collections.abc import Mapping

from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.reader import TopicReader
from deploy.records.sequence import ScanProgress, merged, untold
from deploy.records.topic_record import Span, TopicRecord


async def whole_spans(connection: Connection, topic: str) -> dict[Partition, Span]:
    """What each partition of a topic holds now, up to its high watermark.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: the topic is missing, or Kafka refuses.
    """
    async with TopicReader(connection, uncommitted=True) as reader:
        return await reader.spans(await reader.partitions(topic))


async def last_by_key(
    reader: TopicReader, spans: Mapping[Partition, Span], *, on_progress: ScanProgress = untold
) -> dict[int, dict[bytes, TopicRecord]]:
    """The last record of every key that is not deleted, by partition number.

    Raises:
        TransientFailure: Kafka stopped answering, or a transaction stayed open for too long.
        Misconfigured: Kafka refuses.
    """
    found: dict[int, dict[bytes, TopicRecord]] = {each.number: {} for each in spans}
    async for record in merged(reader, spans, on_progress=on_progress):
        of_partition = found[record.partition.number]
        key = record.key or b""
        if record.value is None:
            of_partition.pop(key, None)
        else:
            of_partition[key] = record
    return found
