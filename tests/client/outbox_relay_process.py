"""A relay as a process of its own, to be killed: `DATABASE_URL BOOTSTRAP_SERVERS TOPIC`."""

import asyncio
import sys

from sqlalchemy import MetaData, create_engine

from biolatch_client import KafkaConnection, Publisher
from biolatch_client.outbox import Outbox, OutboxRelay, outbox_table


async def main(database: str, servers: str, topic: str) -> None:
    outbox = Outbox(outbox_table(MetaData()), source="/login")
    connection = KafkaConnection(bootstrap_servers=servers)
    async with Publisher(connection, source="/login", topic=topic) as publisher:
        relay = OutboxRelay(
            create_engine(database), outbox, publisher, devices_max=5, poll_s=0.05, retry_s=0.1
        )
        await relay.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
