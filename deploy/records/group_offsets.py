"""Committing how far a command has come, under a group of its own that has no members."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# aiokafka has no type information.

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.lane.kafka.client import start_client, stop_consumer
from agents.lane.port import Partition
from deploy.records.connection import Connection
from deploy.records.kafka_failures import kafka_failures

_CLIENT_ID: Final = "biolatch-reader"
_COMMIT_REQUESTS: Final = 3
"""How many request timeouts a commit may take, until the group's coordinator is found."""


async def commit_offsets(
    connection: Connection, group: str, offsets: Mapping[Partition, int]
) -> None:
    """Commit offsets for a group; returns when they are stored.

    Raises:
        TransientFailure: Kafka cannot be reached.
        Misconfigured: Kafka refuses.
    """
    addresses = {TopicPartition(*partition): offset for partition, offset in offsets.items()}
    with kafka_failures(connection.bootstrap_servers):
        consumer: Any = AIOKafkaConsumer(
            **connection.client(_CLIENT_ID), group_id=group, enable_auto_commit=False
        )
        consumer.assign(list(addresses))
        try:
            async with asyncio.timeout(_COMMIT_REQUESTS * connection.request_timeout_s):
                await start_client(consumer, connection)
                await consumer.commit(addresses)
        finally:
            await stop_consumer(consumer)
