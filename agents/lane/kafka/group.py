"""Reading the input as a member of the consumer group.

Owns the positions of the input partitions. Must be used from one event loop only, which may be
another than the lanes'. Invariant: a batch's `before` and `after` are the consumer's own position
on either side of the fetch, with no await between taking records and reading the position.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    GroupAuthorizationFailedError,
    IllegalStateError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from agents.lane.kafka.client import KafkaOptions
from agents.lane.kafka.record_batches import WholeBatches, replace_record_parsing
from agents.lane.log import FetchedBatch
from agents.lane.port import Partition

_NOWHERE = TopicPartition("", 0)
"""Asking for this fetches nothing, and shows the group that this worker is alive."""

_ONE = 1
"""What a partition hands out at once: `LazyRecords` of one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """How a worker takes part in the group and fetches.

    Attributes:
        session_timeout_s: without a heartbeat for so long, the worker's partitions go to others.
        heartbeat_interval_s: between heartbeats; a third of the session timeout at most.
        rebalance_timeout_s: what a worker gets to close its lanes before it is left behind.
        metadata_age_s_max: how late a topic that has grown or was made anew is noticed.
        poll_interval_s_max: a worker that has not fetched for so long leaves the group: it hangs.
        fetch_wait_s_max: how long a fetch waits at the broker for a first record.
        fetch_bytes_max: of one partition in one fetch.
        batch_records_max: records of one partition that are decided and committed together; a
            record batch is never split, so the last one may go beyond.
    """

    session_timeout_s: float
    heartbeat_interval_s: float
    rebalance_timeout_s: float
    metadata_age_s_max: float
    poll_interval_s_max: float
    fetch_wait_s_max: float
    fetch_bytes_max: int
    batch_records_max: int


class PositionLost(Exception):  # noqa: N818 - a state of the log, not a mistake
    """The input has nothing at the position of a partition (any more).

    Attributes:
        partition: that partition.
    """

    def __init__(self, partition: Partition) -> None:
        super().__init__(f"the input has nothing at the position of {partition}")
        self.partition = partition


class Unreadable(Exception):  # noqa: N818 - as above
    """What lies at the position of a partition cannot be parsed.

    Attributes:
        partition: that partition.
    """

    def __init__(self, partition: Partition, position: int, error: Exception) -> None:
        super().__init__(
            f"what lies at or behind offset {position} cannot be read: "
            f"{type(error).__name__}: {error}"
        )
        self.partition = partition


class GroupRefused(Exception):  # noqa: N818 - as above
    """The group will not have this worker as it is, however often it asks.

    Attributes:
        code: for machines.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


_REFUSALS: Final = {
    InvalidSessionTimeoutError: "the broker does not allow this session timeout; it has to lie "
    "between its `group.min.session.timeout.ms` and `group.max.session.timeout.ms`",
    GroupAuthorizationFailedError: "this principal may not read the consumer group {group}",
    TopicAuthorizationFailedError: "this principal may not read the input topic",
    InconsistentGroupProtocolError: "the consumer group {group} has members of another kind: give "
    "this application a group of its own",
    InvalidGroupIdError: "the broker does not allow {group} as the name of a consumer group",
}


def new_group_consumer(options: KafkaOptions, group: GroupOptions, assignor: Any) -> Any:
    """Return an aiokafka consumer, not started, that never commits and never resets a position."""
    replace_record_parsing()
    return AIOKafkaConsumer(
        **options.client(),
        group_id=options.group_id,
        partition_assignment_strategy=[assignor],
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        session_timeout_ms=int(group.session_timeout_s * 1000),
        heartbeat_interval_ms=int(group.heartbeat_interval_s * 1000),
        rebalance_timeout_ms=int(group.rebalance_timeout_s * 1000),
        metadata_max_age_ms=int(group.metadata_age_s_max * 1000),
        max_poll_interval_ms=int(group.poll_interval_s_max * 1000),
        fetch_max_wait_ms=int(group.fetch_wait_s_max * 1000),
        max_partition_fetch_bytes=group.fetch_bytes_max,
        key_deserializer=WholeBatches(group.batch_records_max),
    )


class GroupReader:
    """Fetches batches through a group consumer, partition by partition."""

    def __init__(self, consumer: Any) -> None:
        """Use a consumer made by `new_group_consumer`, started before the first fetch."""
        self._consumer = consumer
        self._group_id: str = consumer._group_id  # noqa: SLF001 - there is no public way
        self._positions: dict[TopicPartition, int] = {}

    def knows(self, topic: str) -> bool:
        """Whether the cluster has shown this topic, of which it may show none to this user."""
        return bool(self._consumer.partitions_for_topic(topic))

    def hold_all(self) -> None:
        """Fetch from no partition that is assigned now, until it is started.

        The seek spares the consumer from asking for committed offsets, which decide nothing here.
        """
        self._positions.clear()
        for address in self._consumer.assignment():
            self._consumer.seek(address, 0)
            self._consumer.pause(address)

    def start(self, partition: Partition, offset: int) -> None:
        """Fetch from this offset on.

        Raises:
            IllegalStateError: the partition is not assigned.
        """
        address = TopicPartition(*partition)
        self._consumer.seek(address, offset)
        self._consumer.resume(address)
        self._positions[address] = offset

    def stop(self, partition: Partition) -> None:
        """Fetch no more from this partition, which need not be assigned any more."""
        address = TopicPartition(*partition)
        if (
            self._positions.pop(address, None) is not None
            and address in self._consumer.assignment()
        ):
            self._consumer.pause(address)

    async def fetch(self, partitions: Sequence[Partition], wait_s: float) -> list[FetchedBatch]:
        """Return a batch of each partition that has one; wait for the first if none has.

        Raises:
            PositionLost: a partition has nothing at its position; no other one is affected.
            Unreadable: a partition cannot be read on; no other one is affected.
            GroupRefused: the group will not have this worker.
            aiokafka.errors.KafkaError: the group or the fetch failed for good.
        """
        try:
            return await self._fetch(partitions, wait_s)
        except tuple(_REFUSALS) as error:
            reason = _REFUSALS[type(error)].format(group=self._group_id)
            raise GroupRefused("membership.refused", reason) from error

    async def _fetch(self, partitions: Sequence[Partition], wait_s: float) -> list[FetchedBatch]:
        addresses = [TopicPartition(*each) for each in partitions]
        running = [each for each in addresses if each in self._positions]
        if not running:
            await self._consumer.getmany(_NOWHERE, timeout_ms=0)
            await asyncio.sleep(wait_s)
            return []
        try:
            if batches := await self._sweep(running, 0):
                return batches
            try:
                return await self._take(running, wait_s)
            except Exception as error:
                if not _is_of_one_partition(error):
                    raise
                # Of which one is not said; asked one by one, each answers for itself.
                return await self._sweep(running, wait_s)
        except IllegalStateError:
            # The assignment changed meanwhile: whatever was fetched belongs to nobody here.
            return []

    async def _sweep(
        self, addresses: Sequence[TopicPartition], wait_s: float
    ) -> list[FetchedBatch]:
        batches: list[FetchedBatch] = []
        for address in addresses:
            try:
                batches += await self._take([address], wait_s)
            except Exception as error:
                for batch in batches:  # read, and not going to be delivered
                    self._go_back(TopicPartition(*batch.partition), batch.before)
                if not _is_of_one_partition(error):
                    raise
                partition, position = Partition(*address), self._positions[address]
                if isinstance(error, OffsetOutOfRangeError):
                    raise PositionLost(partition) from error
                raise Unreadable(partition, position, error) from error
        return batches

    async def _take(self, addresses: Sequence[TopicPartition], wait_s: float) -> list[FetchedBatch]:
        try:
            fetched = await self._consumer.getmany(
                *addresses, timeout_ms=int(wait_s * 1000), max_records=_ONE
            )
        except BaseException:
            # aiokafka has moved on over what it had taken when it failed; nobody has seen that.
            for address in addresses:
                if address in self._positions:
                    self._go_back(address, self._positions[address])
            raise
        batches: list[FetchedBatch] = []
        for address in addresses:
            before = self._positions.get(address)
            if before is None:
                continue
            after = await self._consumer.position(address)
            if after != before:
                self._positions[address] = after
                (records,) = fetched.get(address, ((),))
                batches.append(FetchedBatch(Partition(*address), before, after, records))
        return batches

    def give_back(self, batch: FetchedBatch) -> None:
        """Fetch a batch again that nobody gets, unless the partition was started anew since."""
        address = TopicPartition(*batch.partition)
        if self._positions.get(address) == batch.after:
            self._go_back(address, batch.before)

    def _go_back(self, address: TopicPartition, position: int) -> None:
        self._positions[address] = position
        if address in self._consumer.assignment():
            self._consumer.seek(address, position)


def _is_of_one_partition(error: Exception) -> bool:
    """Whether the error lies in one partition's records, and not in the group or the network."""
    match error:
        case OffsetOutOfRangeError() | CorruptRecordException():
            return True
        case KafkaError() | ConsumerStoppedError() | IllegalStateError():
            return False
        case _:
            return True
