"""The group's committed offsets, read and written as the member that a consumer is.

For who keeps its position there; the lanes that decide have theirs in their transactions. To be
used from the consumer's event loop only.
"""

# aiokafka has no types: what comes from it is Any, in this package only.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportAny=false
# ruff: noqa: ANN401

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from agents.lane.kafka.client import log_failures
from agents.lane.port import Partition


class GroupOffsets:
    """The offsets of one consumer's group."""

    def __init__(self, consumer: Any) -> None:
        """Use a consumer that is, or becomes, a member of its group."""
        self._consumer = consumer

    async def committed(self, partition: Partition) -> int | None:
        """The partition's offset; None where the group has none, or it has expired.

        Asks on and on while the group's coordinator is away.

        Raises:
            LogFailure: it cannot be read.
        """
        with log_failures(f"cannot read the group's offset of {partition}"):
            offset: int | None = await self._consumer.committed(TopicPartition(*partition))
        return offset

    async def commit(self, positions: Mapping[Partition, int]) -> None:
        """Commit offsets of partitions that this member has.

        Asks on and on while the group's coordinator is away.

        Raises:
            LogFailure: a partition is not this member's any more, or it cannot be written.
        """
        offsets = {TopicPartition(*each): offset for each, offset in positions.items()}
        with log_failures("cannot commit the group's offsets"):
            await self._consumer.commit(offsets)
