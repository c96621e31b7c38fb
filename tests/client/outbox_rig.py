"""What tests of the outbox share."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Engine, MetaData, func, select

from biolatch_client import KafkaUnavailable, Publisher
from biolatch_client.outbox import Outbox, OutboxRelay, outbox_table
from biolatch_client.records import EventRecord
from biolatch_client.testing import attempt_finished

SOURCE = "/login"
EVENT = attempt_finished()
METADATA = MetaData()
OUTBOX = Outbox(outbox_table(METADATA), source=SOURCE)


class Remembering:
    """A publisher that keeps what it gets, and fails for a device when told to."""

    def __init__(self) -> None:
        self.records: list[EventRecord] = []
        self.fails_for: bytes | None = None

    async def publish_record(self, record: EventRecord) -> None:
        if record.key == self.fails_for:
            raise KafkaUnavailable("kafka.unavailable", "no Kafka")
        self.records.append(record)


def waiting_in(engine: Engine) -> int:
    with engine.connect() as connection:
        count: int = connection.scalar(select(func.count()).select_from(OUTBOX.table)) or 0
        return count


async def until(fact: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not fact():  # noqa: ASYNC110 - nobody else could tell
        await asyncio.sleep(0.002)


async def relay_all(engine: Engine, publisher: Publisher | Remembering) -> int:
    relay = OutboxRelay(engine, OUTBOX, publisher, devices_max=3)
    total = 0
    while sent := await relay.relay_some():
        total += sent
    return total
