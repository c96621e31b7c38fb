"""Looks at the group again and again while workers are hurt; the audit judges what it saw."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import DEAD_LETTERS, DECISIONS, DEVICE_EVENTS, VERDICTS
from tests.auditor.records import Watched

GROUP = "biolatch"
_OUTPUTS = (VERDICTS, DECISIONS, DEAD_LETTERS)
_PAUSE_S = 0.2


@asynccontextmanager
async def group_admin(servers: str) -> AsyncGenerator[AIOKafkaAdminClient]:
    """An admin client, closed also where it could not start."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def is_stable(admin: AIOKafkaAdminClient) -> bool:
    """Whether the group is at rest: nobody joins or leaves."""
    (answer,) = await admin.describe_consumer_groups([GROUP])
    state: str = answer.groups[0][2]
    return state == "Stable"


@asynccontextmanager
async def _asking_consumer(servers: str) -> AsyncGenerator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


class GroupWatch:
    """Asks for the group's offsets, then for the ends of the outputs.

    Attributes:
        seen: every look, in order.
    """

    def __init__(self, servers: str, partitions: int) -> None:
        self.seen: list[Watched] = []
        self._servers = servers
        self._partitions = range(partitions)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Look until stopped; a broker that is away is waited for."""
        while not self._stopping.is_set():
            with suppress(KafkaError):
                await self._look_on()
            await asyncio.sleep(_PAUSE_S)

    def stop(self) -> None:
        self._stopping.set()

    async def committed(self) -> dict[int, int]:
        """The group's offset on each partition that has one."""
        async with group_admin(self._servers) as admin:
            return await self._committed(admin)

    async def input_ends(self) -> dict[int, int]:
        """The end offset of each input partition."""
        async with _asking_consumer(self._servers) as consumer:
            ends = await consumer.end_offsets(
                [TopicPartition(DEVICE_EVENTS, number) for number in self._partitions]
            )
        return {address.partition: end for address, end in ends.items()}

    async def _look_on(self) -> None:
        addresses = [
            TopicPartition(topic, number) for topic in _OUTPUTS for number in self._partitions
        ]
        async with (
            _asking_consumer(self._servers) as consumer,
            group_admin(self._servers) as admin,
        ):
            while not self._stopping.is_set():
                committed = await self._committed(admin)
                ends = await consumer.end_offsets(addresses)
                for number, offset in committed.items():
                    of_outputs = {topic: ends[TopicPartition(topic, number)] for topic in _OUTPUTS}
                    self.seen.append(Watched(number, offset, of_outputs))
                await asyncio.sleep(_PAUSE_S)

    async def _committed(self, admin: AIOKafkaAdminClient) -> dict[int, int]:
        addresses = [TopicPartition(DEVICE_EVENTS, number) for number in self._partitions]
        offsets = await admin.list_consumer_group_offsets(GROUP, partitions=addresses)
        return {
            address.partition: found.offset
            for address, found in offsets.items()
            if found.offset >= 0
        }
