"""The positions of a delivery as the committed offsets of its consumer group.

They move as the member of the group that Faust's consumer is, so the coordinator refuses them from
a worker whose partitions are others' by now; and lag tools see them.
"""

from collections.abc import Mapping
from typing import cast

from agents.delivery.port import Bounds
from agents.lane.faust_host.consumer import LaneConsumer
from agents.lane.faust_host.host import LaneHost
from agents.lane.kafka.client import KafkaLogs
from agents.lane.log import LogFailure
from agents.lane.port import Partition


class GroupPositions:
    """The `Positions` of one worker."""

    def __init__(self, host: LaneHost, logs: KafkaLogs) -> None:
        """Use the host's membership, and a connection for what no membership is needed for."""
        self._host = host
        self._logs = logs

    async def committed(self, partition: Partition) -> int | None:
        """See `Positions`."""
        consumer = self._consumer
        return await consumer.in_thread(consumer.offsets.committed(partition))

    async def bounds(self, partition: Partition) -> Bounds:
        """See `Positions`."""
        return Bounds(*await self._logs.offsets(partition))

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """See `Positions`."""
        consumer = self._consumer
        try:
            await consumer.in_thread(consumer.offsets.commit(positions))
        except RuntimeError as error:
            raise LogFailure("the consumer has ended") from error

    @property
    def _consumer(self) -> LaneConsumer:
        return cast("LaneConsumer", self._host.consumer)
