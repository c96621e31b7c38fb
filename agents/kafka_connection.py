"""How a process that serves or mends lanes reaches Kafka, by its settings.

Owns what lanes and an operator must agree on: group, transactional ids and changelog follow from
the same settings in the same way.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from agents.lane.kafka.client import KafkaLogs, KafkaOptions
from agents.lane.log import LogFailure
from agents.settings import Settings
from events.errors import TransientFailure


def kafka_options(settings: Settings, changelog_topic: str) -> KafkaOptions:
    """What the clients of lanes are made with."""
    compression = settings.kafka.compression
    return KafkaOptions(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        client_id=settings.kafka.client_id,
        group_id=settings.application.group,
        transactional_prefix=settings.application.name,
        changelog_topic=changelog_topic,
        request_timeout_s=settings.kafka.request_timeout_s,
        transaction_timeout_s=settings.lane.transaction_timeout_s,
        close_s_max=settings.lane.close_s_max,
        compression=None if compression == "none" else compression,
    )


@asynccontextmanager
async def connected(options: KafkaOptions) -> AsyncGenerator[KafkaLogs]:
    """The clients that lanes share, connected for the time of the block.

    Raises:
        TransientFailure: no broker answers.
    """
    logs = KafkaLogs(options)
    try:
        await logs.start()
    except LogFailure as failure:
        raise TransientFailure(
            "kafka.unreachable",
            f"no Apache Kafka answers at {options.bootstrap_servers}. Start one here with "
            "`biolatch kafka start`, or set BIOLATCH_KAFKA__BOOTSTRAP_SERVERS to the address of "
            "yours.",
        ) from failure
    try:
        yield logs
    finally:
        await logs.stop()
