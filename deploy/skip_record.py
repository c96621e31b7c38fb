"""An operator skips the record that a partition stands at: what `biolatch skip` does.

Owns the translation of what may stand in the way into our kinds of error. What is written, and why
that is safe beside running workers, is `agents.lane.skip`'s.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from agents.devices import DevicesAgent
from agents.kafka_connection import connected, kafka_options
from agents.lane.kafka.client import AccessRefused, KafkaLogs, NotAllowed
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.log import LogFailure, LogRefusal
from agents.lane.port import InputRecord, Partition
from agents.lane.skip import skip
from agents.lane.start import Unservable
from agents.settings import Settings
from deploy.records.kafka_failures import missing_topic
from events.errors import Misconfigured, TransientFailure
from schemas.malformed import MalformedCode
from schemas.topics import DEVICE_EVENTS, topology

SKIPPED: Final = MalformedCode.SKIPPED
_MESSAGE: Final = "an operator chose to skip this record"


class NoSuchPartition(Exception):  # noqa: N818 - a state of the cluster, named in the answer
    """The input has no partition of that number; the message says which it has."""


class Skipped(NamedTuple):
    """A record that is a dead letter now.

    Attributes:
        partition: where it stood, and the number of its dead letter's partition.
        record: as it was published.
    """

    partition: Partition
    record: InputRecord


async def skip_record(settings: Settings, number: int, offset: int) -> Skipped:
    """Send the record that an input partition stands at to the dead letters, undecided.

    Raises:
        NoSuchPartition: there is no such partition; nothing was written.
        NotNext: the partition does not stand at that record; nothing was written.
        Misconfigured: a topic is missing, or rows and input do not belong together; nothing was
            written.
        TransientFailure: Kafka did not answer; nothing was written, or all of it.
    """
    topics = topology(settings.application.name)
    partition = Partition(DEVICE_EVENTS, number)
    options = kafka_options(settings, topics.devices_changelog.name)
    required = (DEVICE_EVENTS, topics.devices_changelog.name, topics.dead_letters.name)
    async with connected(options) as logs:
        try:
            async with asyncio.timeout(settings.lane.open_s_max):
                await _require_partition(logs, partition, required)
                record = await skip(
                    KafkaLaneLog(logs, partition),
                    DevicesAgent(settings.policy),
                    partition,
                    offset,
                    code=SKIPPED.value,
                    message=_MESSAGE,
                )
        except Unservable as unservable:
            raise Misconfigured("partition.unservable", str(unservable)) from unservable
        except LogRefusal as refusal:
            raise Misconfigured(
                "kafka.refused", f"Kafka does not take the dead letter: {refusal}"
            ) from refusal
        except (AccessRefused, NotAllowed) as refused:
            raise Misconfigured("kafka.not-allowed", f"nothing was skipped: {refused}") from refused
        except (LogFailure, TimeoutError) as failure:
            raise TransientFailure(
                "skip.unknown",
                f"Kafka did not answer ({failure or 'it took too long'}), so it is not known "
                "whether the record was skipped. Run the same command again: it is done once, or "
                "the answer says where the partition stands.",
            ) from failure
    return Skipped(partition, record)


async def _require_partition(
    logs: KafkaLogs, partition: Partition, required: Sequence[str]
) -> None:
    counts = await logs.partition_counts(required)
    for topic in required:
        if topic not in counts:
            raise missing_topic(logs.options.bootstrap_servers, topic)
    count = counts[partition.topic]
    if partition.number >= count:
        raise NoSuchPartition(
            f"{partition.topic} has no partition {partition.number}: it has 0 to {count - 1}"
        )
