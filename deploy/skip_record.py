"""An operator skips the record that a partition stands at: what `biolatch skip` does.

Owns the translation of what may stand in the way into our kinds of error. What is written, and why
that is safe beside running workers, is `agents.lane.skip`'s.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Never, Self

from agents.analytics import AnalyticsAgent
from agents.devices import DevicesAgent
from agents.kafka_connection import connected, kafka_options
from agents.lane.kafka.client import AccessRefused, KafkaLogs, NotAllowed
from agents.lane.kafka.session import KafkaLaneLog
from agents.lane.log import LogFailure, LogRefusal
from agents.lane.port import BatchHandler, InputRecord, Partition
from agents.lane.skip import skip
from agents.lane.start import Unservable
from agents.settings import Settings
from deploy.analytics.lanes import LaneName, lane_of
from deploy.records.kafka_failures import missing_topic
from events.errors import InvariantBroken, Misconfigured, TransientFailure
from schemas.malformed import MalformedCode
from schemas.ocsf.masking import IdKind
from schemas.topics import DEAD_LETTERS, DEVICE_EVENTS, topology

SKIPPED: Final = MalformedCode.SKIPPED
_MESSAGE: Final = "an operator chose to skip this record"


class NoSuchPartition(Exception):  # noqa: N818 - a state of the cluster, named in the answer
    """The input has no partition of that number; the message says which it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipping:
    """Whose record is skipped: the names of a lane, as its workers have them.

    Attributes:
        settings: of its workers.
        input: the topic that it reads.
        changelog: where its rows and its position are.
        handler: makes the dead letter.
        command: what skips a record of this lane, before its partition and offset.
    """

    settings: Settings
    input: str
    changelog: str
    handler: BatchHandler
    command: str

    @classmethod
    def of_devices(cls, settings: Settings) -> Self:
        """A device event."""
        return cls(
            settings=settings,
            input=DEVICE_EVENTS,
            changelog=topology(settings.application.name).devices_changelog.name,
            handler=DevicesAgent(settings.policy),
            command="biolatch skip",
        )

    @classmethod
    def of_analytics(cls, settings: Settings, name: LaneName) -> Self:
        """What a lane of the security feed reads; its keys are not needed."""
        lane = lane_of(name, topology(settings.application.name))
        return cls(
            settings=lane.settings(settings),
            input=lane.input.name,
            changelog=lane.changelog.name,
            handler=AnalyticsAgent(lane.mapping, _mask),
            command=lane.skip_command,
        )


def _mask(_kind: IdKind, _identifier: str) -> Never:
    raise InvariantBroken("skip.mask", "a record that is skipped is not read, so nothing is masked")


class Skipped(NamedTuple):
    """A record that is a dead letter now.

    Attributes:
        partition: where it stood, and the number of its dead letter's partition.
        record: as it was published.
    """

    partition: Partition
    record: InputRecord


async def skip_record(of: Skipping, number: int, offset: int) -> Skipped:
    """Send the record that an input partition stands at to the dead letters, undecided.

    Raises:
        NoSuchPartition: there is no such partition; nothing was written.
        NotNext: the partition does not stand at that record; nothing was written.
        Misconfigured: a topic is missing, or rows and input do not belong together; nothing was
            written.
        TransientFailure: Kafka did not answer; nothing was written, or all of it.
    """
    partition = Partition(of.input, number)
    required = (of.input, of.changelog, DEAD_LETTERS)
    async with connected(kafka_options(of.settings, of.changelog)) as logs:
        try:
            async with asyncio.timeout(of.settings.lane.open_s_max):
                await _require_partition(logs, partition, required)
                record = await skip(
                    KafkaLaneLog(logs, partition),
                    of.handler,
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
